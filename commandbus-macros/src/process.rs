//! `#[process]`

use proc_macro2::{Span, TokenStream};
use syn::DeriveInput;

use crate::{
    attribute::{Expansion, take_second},
    diagnostics::Diagnostics,
    impl_block::ImplBlock,
};

mod args;
mod expand;
mod fallback;
mod marks;
mod methods;
mod model;
mod steps;

use args::ProcessArgs;
use fallback::Fallback;
use marks::Marks;
use model::ProcessModel;

pub(crate) fn process(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item).into_tokens()
}

fn run(args: TokenStream, tokens: TokenStream) -> Expansion {
    let mut errors = Diagnostics::default();
    let args = ProcessArgs::parse(args, &mut errors);
    let tokens = take_second(tokens, "process", |_| true, &mut errors);
    let Ok(mut block) = syn::parse2::<ImplBlock>(tokens.clone()) else {
        errors.push(syn::Error::new(
            Span::call_site(),
            "`#[process]` goes on an `impl` of the type that is the state of the process",
        ));
        let fallback = syn::parse2::<DeriveInput>(tokens.clone()).ok().map(|item| Fallback::of_type(&args, &item));
        return refused(tokens, errors, fallback);
    };
    let marks = Marks::take(&mut block, &mut errors);
    let fallback = Fallback::of_block(&args, &block);
    match ProcessModel::new(args, &block, marks, errors) {
        Ok(model) => Expansion { item: block.into_tokens(), outcome: Ok(expand::expand(&model)) },
        Err(errors) => refused(block.into_tokens(), errors, fallback),
    }
}

fn refused(item: TokenStream, errors: Diagnostics, fallback: Option<Fallback>) -> Expansion {
    let fallback = fallback.map(|fallback| fallback.expand()).unwrap_or_default();
    Expansion { item, outcome: Err((errors, fallback)) }
}
