//! What is written in `#[handler(..)]`.

use proc_macro2::TokenStream;

use crate::{
    arguments::{Grammar, Key, path_value},
    crate_path::CratePath,
    diagnostics::Diagnostics,
};

const GRAMMAR: Grammar =
    Grammar { attribute: "`#[handler]`", keys: &[Key { name: "crate", example: "crate = ::commandbus" }] };

#[derive(Default)]
pub(super) struct HandlerArgs {
    pub(super) krate: CratePath,
}

impl HandlerArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        GRAMMAR.parse(tokens, errors, |_, input| {
            args.krate = CratePath(Some(path_value(input)?));
            Ok(())
        });
        args
    }
}
