//! What is written in `#[handler(..)]` and `#[handler_set(..)]`.

use proc_macro2::TokenStream;

use crate::{
    arguments::{Grammar, Key, path_value},
    crate_path::CratePath,
    diagnostics::Diagnostics,
};

const KEYS: &[Key] = &[Key { name: "crate", example: "crate = ::commandbus" }];
pub(super) const FUNCTION: Grammar = Grammar { attribute: "`#[handler]`", keys: KEYS };
pub(super) const SET: Grammar = Grammar { attribute: "`#[handler_set]`", keys: KEYS };

#[derive(Default)]
pub(super) struct HandlerArgs {
    pub(super) krate: CratePath,
}

impl HandlerArgs {
    pub(super) fn parse(grammar: &Grammar, tokens: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        grammar.parse(tokens, errors, |_, input| {
            args.krate = CratePath(Some(path_value(input)?));
            Ok(())
        });
        args
    }
}
