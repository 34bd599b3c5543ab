//! `#[command]`

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::DeriveInput;

use crate::attribute::Expansion;

mod args;
mod expand;
mod fallback;
mod model;
mod sensitive;
mod version;
mod wire_name;

use args::CommandArgs;
use model::CommandModel;

pub(crate) fn command(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item).into_tokens()
}

fn run(args: TokenStream, tokens: TokenStream) -> Expansion {
    let Ok(mut item) = syn::parse2::<DeriveInput>(tokens.clone()) else {
        return Expansion::refused(
            tokens,
            syn::Error::new(Span::call_site(), "`#[command]` goes on a struct or an enum"),
        );
    };
    let mut errors = crate::diagnostics::Diagnostics::default();
    let args = CommandArgs::parse(args, &mut errors);
    let sensitive = sensitive::take_marks(&mut item, &mut errors);
    let fallback = fallback::fallback(&args, &item);
    let outcome = CommandModel::new(args, &item, sensitive, errors).map(|model| expand::expand(&model));
    Expansion { item: item.into_token_stream(), outcome: outcome.map_err(|errors| (errors, fallback)) }
}
