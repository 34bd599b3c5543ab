//! `#[derive(HandlerError)]`

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::{attribute::Expansion, diagnostics::Diagnostics};

mod args;
mod expand;
mod model;

use args::ErrorArgs;
use model::ErrorModel;

pub(crate) fn handler_error(item: TokenStream) -> TokenStream {
    run(item).into_tokens()
}

fn run(tokens: TokenStream) -> Expansion {
    let item = match syn::parse2::<DeriveInput>(tokens) {
        Ok(item) => item,
        Err(error) => return Expansion::refused(TokenStream::new(), error),
    };
    let mut errors = Diagnostics::default();
    let args = ErrorArgs::parse(&item, &mut errors);
    let fallback = expand::fallback(&args.krate, &item);
    let outcome = ErrorModel::new(args, item, errors).map(|model| expand::expand(&model));
    Expansion { item: TokenStream::new(), outcome: outcome.map_err(|errors| (errors, fallback)) }
}
