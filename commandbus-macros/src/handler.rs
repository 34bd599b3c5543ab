//! `#[handler]`

use proc_macro2::{Span, TokenStream};

use crate::{
    attribute::{Expansion, take_second},
    diagnostics::Diagnostics,
    signature::Function,
};

mod args;
mod expand_fn;
mod model;

use args::HandlerArgs;
use model::HandlerModel;

pub(crate) fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item).into_tokens()
}

fn run(args: TokenStream, item: TokenStream) -> Expansion {
    let mut errors = Diagnostics::default();
    let item = take_second(item, "handler", |_| true, &mut errors);
    let Ok(function) = syn::parse2::<Function>(item.clone()) else {
        return Expansion::refused(
            item,
            syn::Error::new(
                Span::call_site(),
                "`#[handler]` goes on a function: `async fn handle(command: DebitAccount)`",
            ),
        );
    };
    let args = HandlerArgs::parse(args, &mut errors);
    let fallback = expand_fn::fallback(&args.krate, &function);
    let outcome = HandlerModel::new(args, &function, errors).map(|model| expand_fn::expand(&model));
    Expansion { item, outcome: outcome.map_err(|errors| (errors, fallback)) }
}
