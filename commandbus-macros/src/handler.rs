//! `#[handler]` and `#[handler_set]`

use proc_macro2::{Span, TokenStream};

use syn::DeriveInput;

use crate::{
    attribute::{Expansion, take_second},
    diagnostics::Diagnostics,
    impl_block::ImplBlock,
    signature::Function,
};

mod args;
mod entry;
mod expand_fn;
mod expand_set;
mod handling;
mod model;

use args::HandlerArgs;
use model::{HandlerModel, SetModel};

pub(crate) fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item).into_tokens()
}

pub(crate) fn handler_set(args: TokenStream, item: TokenStream) -> TokenStream {
    run_set(args, item).into_tokens()
}

fn run(args: TokenStream, item: TokenStream) -> Expansion {
    let mut errors = Diagnostics::default();
    let item = take_second(item, "handler", |_| true, &mut errors);
    let Ok(function) = Function::read(&item) else {
        return Expansion::refused(
            item,
            syn::Error::new(
                Span::call_site(),
                "`#[handler]` goes on a function: `async fn handle(command: DebitAccount)`",
            ),
        );
    };
    let args = HandlerArgs::parse(&args::FUNCTION, args, &mut errors);
    let krate = args.krate.clone();
    let outcome = HandlerModel::new(args, &function, errors).map(|model| expand_fn::expand(&model));
    Expansion { item, outcome: outcome.map_err(|errors| (errors, expand_fn::fallback(&krate, &function))) }
}

fn run_set(args: TokenStream, tokens: TokenStream) -> Expansion {
    let mut errors = Diagnostics::default();
    let args = HandlerArgs::parse(&args::SET, args, &mut errors);
    let tokens = take_second(tokens, "handler_set", |_| true, &mut errors);
    let Ok(mut block) = syn::parse2::<ImplBlock>(tokens.clone()) else {
        errors.push(syn::Error::new(
            Span::call_site(),
            "`#[handler_set]` goes on an `impl` of the type whose fields the handlers share",
        ));
        let fallback = syn::parse2::<DeriveInput>(tokens.clone()).ok();
        let fallback = fallback.map(|item| expand_set::fallback_of_type(&args.krate, &item)).unwrap_or_default();
        return Expansion { item: tokens, outcome: Err((errors, fallback)) };
    };
    let marked = model::take_marks(&mut block, &mut errors);
    let krate = args.krate.clone();
    let outcome = SetModel::new(args, &block, &marked, errors).map(|model| expand_set::expand(&model));
    let outcome = outcome.map_err(|errors| (errors, expand_set::fallback(&krate, &block)));
    Expansion { item: block.into_tokens(), outcome }
}
