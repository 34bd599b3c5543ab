//! `#[batch]`

use proc_macro2::{Span, TokenStream};
use syn::DeriveInput;

use crate::{
    attribute::{Expansion, take_second},
    diagnostics::Diagnostics,
};

mod args;
mod expand;
mod model;

use args::BatchArgs;
use model::BatchModel;

pub(crate) fn batch(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item).into_tokens()
}

fn run(args: TokenStream, tokens: TokenStream) -> Expansion {
    let mut errors = Diagnostics::default();
    let tokens = take_second(tokens, "batch", |_| true, &mut errors);
    let Ok(item) = syn::parse2::<DeriveInput>(tokens.clone()) else {
        return Expansion::refused(
            tokens,
            syn::Error::new(
                Span::call_site(),
                "`#[batch]` goes on a struct, which names the batch: `struct Settlement;`",
            ),
        );
    };
    let args = BatchArgs::parse(args, &mut errors);
    let fallback = expand::fallback(&args, &item);
    let outcome = BatchModel::new(args, &item, errors).map(|model| expand::expand(&model));
    Expansion { item: tokens, outcome: outcome.map_err(|errors| (errors, fallback)) }
}
