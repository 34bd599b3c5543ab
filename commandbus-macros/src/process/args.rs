//! What is written in `#[process(..)]`.

use proc_macro2::{Span, TokenStream};
use syn::{
    Ident, LitStr,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    token::Paren,
};

use crate::{
    arguments::{Grammar, Key, Written, list, listed, path_value, value},
    crate_path::CratePath,
    diagnostics::Diagnostics,
};

const GRAMMAR: Grammar = Grammar {
    attribute: "`#[process]`",
    keys: &[
        Key { name: "domain", example: "domain = \"transfers\"" },
        Key { name: "steps", example: "steps = [reserve, debit, (credit, notify)]" },
        Key { name: "name", example: "name = \"Transfer\"" },
        Key { name: "aliases", example: "aliases(\"Payment\", \"MoneyTransfer\")" },
        Key { name: "deadline", example: "deadline = \"1h\"" },
        Key { name: "crate", example: "crate = ::commandbus" },
    ],
};

#[derive(Default)]
pub(super) struct ProcessArgs {
    pub(super) domain: Written<LitStr>,
    pub(super) steps: Written<StepList>,
    pub(super) name: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) deadline: Option<LitStr>,
    pub(super) krate: CratePath,
}

/// `[reserve, (credit, notify)]`
pub(super) struct StepList {
    pub(super) span: Span,
    pub(super) entries: Vec<Entry>,
}

/// One place of the list; a tuple may hold anything, which is for the rules to judge.
pub(super) enum Entry {
    Step(Ident),
    Tuple(Paren, Vec<Entry>),
}

impl Entry {
    /// The steps in it, however deep.
    pub(super) fn steps(&self) -> Vec<&Ident> {
        match self {
            Self::Step(step) => vec![step],
            Self::Tuple(_, entries) => entries.iter().flat_map(Self::steps).collect(),
        }
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Paren) {
            return input.call(Ident::parse_any).map(Self::Step);
        }
        let content;
        let paren = syn::parenthesized!(content in input);
        Ok(Self::Tuple(paren, listed(&content)?))
    }
}

impl Parse for StepList {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        let bracket = syn::bracketed!(content in input);
        Ok(Self { span: bracket.span.join(), entries: listed(&content)? })
    }
}

impl ProcessArgs {
    pub(super) fn parse(tokens: TokenStream, errors: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        let misspelt = GRAMMAR.parse(tokens, errors, |key, input| {
            match key {
                "domain" => args.domain.read(|| value(input))?,
                "steps" => args.steps.read(|| value(input))?,
                "name" => args.name = Some(value(input)?),
                "aliases" => args.aliases = list(input)?,
                "deadline" => args.deadline = Some(value(input)?),
                _ => args.krate = CratePath(Some(path_value(input)?)),
            }
            Ok(())
        });
        args.domain.unless("domain", &misspelt);
        args.steps.unless("steps", &misspelt);
        args
    }
}
