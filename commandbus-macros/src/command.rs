//! `#[command]`

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::DeriveInput;

use crate::{
    attribute::{Expansion, mentions, take_second},
    diagnostics::Diagnostics,
};

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
    let mut errors = Diagnostics::default();
    let written = args;
    let args = CommandArgs::parse(written.clone(), &mut errors);
    // On a type this is the name of another library's attribute too.
    let tokens = take_second(tokens, "command", |arguments| mentions(arguments, "domain"), &mut errors);
    let mut item = match syn::parse2::<DeriveInput>(tokens.clone()) {
        Ok(item) => item,
        Err(error) => return unreadable(&args, tokens, error),
    };
    let marked = sensitive::is_marked(&item);
    let sensitive = sensitive::take_marks(&mut item, &mut errors);
    let outcome = CommandModel::new(args, &item, sensitive, errors).map(|model| expand::expand(&model));
    let outcome = outcome.map_err(|errors| {
        // Read once more, because what is in order needs none of this.
        let args = CommandArgs::parse(written, &mut Diagnostics::default());
        (errors, fallback::fallback(&args, &item))
    });
    Expansion { item: if marked { item.into_token_stream() } else { tokens }, outcome }
}

/// A type that is being written, or something else altogether.
fn unreadable(args: &CommandArgs, tokens: TokenStream, error: syn::Error) -> Expansion {
    let fallback = fallback::of_unreadable(args, tokens.clone());
    let refused = |error| Expansion::refused(tokens, error);
    match fallback {
        Some(fallback) => {
            let mut expansion = refused(error);
            expansion.outcome = expansion.outcome.map_err(|(errors, _)| (errors, fallback));
            expansion
        }
        None => refused(syn::Error::new(Span::call_site(), "`#[command]` goes on a struct or an enum")),
    }
}
