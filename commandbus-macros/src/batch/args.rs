//! What is written in `#[batch(..)]`.

use proc_macro2::TokenStream;
use syn::{
    Token, Type,
    parse::{ParseStream, Parser},
};

use crate::{
    arguments::{at_end, path_value, skip_to_comma},
    crate_path::CratePath,
    diagnostics::Diagnostics,
};

const USAGE: &str =
    "`#[batch]` takes the types of the commands, and `crate`: write `#[batch(DebitAccount, CreditAccount)]`";

#[derive(Default)]
pub(super) struct BatchArgs {
    pub(super) members: Vec<Type>,
    /// Whether one could not be read.
    pub(super) incomplete: bool,
    pub(super) krate: CratePath,
}

impl BatchArgs {
    /// Reads all of them. A mistake ends its own argument only.
    pub(super) fn parse(tokens: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        let mut list = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let begin = input.span();
                if args.argument(input).is_err() || !at_end(input) {
                    errors.push(syn::Error::new(begin, USAGE));
                    args.incomplete = true;
                    skip_to_comma(input)?;
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        let outcome = Parser::parse2(|input: ParseStream<'_>| list(input), tokens);
        errors.keep(outcome);
        args
    }

    fn argument(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            self.krate = CratePath(Some(path_value(input)?));
            return Ok(());
        }
        let member = input.parse()?;
        if at_end(input) {
            self.members.push(member);
        }
        Ok(())
    }
}
