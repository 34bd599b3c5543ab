//! `#[on(..)]`, `#[undo(..)]` and `#[step(..)]` on the methods.

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, LitStr, Meta, ext::IdentExt};

use crate::{
    arguments::{Grammar, Key, list, value},
    diagnostics::{Diagnostics, err},
    impl_block::{ImplBlock, Member},
};

const STEP: Grammar = Grammar {
    attribute: "`#[step]`",
    keys: &[
        Key { name: "timeout", example: "timeout = \"30s\"" },
        Key { name: "aliases", example: "aliases(\"hold\", \"block\")" },
    ],
};

/// What the methods are marked with, in their order.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) on: Vec<Mark>,
    pub(super) undo: Vec<Mark>,
    pub(super) options: Vec<StepOptions>,
}

/// `#[on(reserve)]` or `#[undo(reserve)]`
pub(super) struct Mark {
    pub(super) step: Ident,
    /// The index of the method among the members.
    pub(super) member: usize,
}

/// `#[step(timeout = "30s")]`
pub(super) struct StepOptions {
    pub(super) attribute: Attribute,
    pub(super) member: usize,
    pub(super) timeout: Option<LitStr>,
    pub(super) aliases: Vec<LitStr>,
}

impl Marks {
    /// Takes them off the members.
    pub(super) fn take(block: &mut ImplBlock, errors: &mut Diagnostics) -> Self {
        let mut marks = Self::default();
        for (index, member) in block.members.iter_mut().enumerate() {
            for attribute in take_ours(member) {
                let name = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
                if member.method.is_none() {
                    errors.push(err!(&attribute, "`#[{name}]` goes on a method"));
                    continue;
                }
                match name.as_str() {
                    "step" => marks.options.push(StepOptions::parse(attribute, index, errors)),
                    "on" => marks.on.extend(errors.keep(Mark::parse(&attribute, index, "on"))),
                    _ => marks.undo.extend(errors.keep(Mark::parse(&attribute, index, "undo"))),
                }
            }
        }
        marks
    }
}

fn take_ours(member: &mut Member) -> Vec<Attribute> {
    let is_ours = |attribute: &Attribute| ["on", "undo", "step"].iter().any(|name| attribute.path().is_ident(name));
    let (ours, others) = member.attributes.drain(..).partition(is_ours);
    member.attributes = others;
    ours
}

impl Mark {
    fn parse(attribute: &Attribute, member: usize, name: &str) -> syn::Result<Self> {
        let step = match &attribute.meta {
            Meta::List(list) => list.parse_args_with(Ident::parse_any).ok(),
            _ => None,
        };
        let step = step.ok_or_else(|| err!(attribute, "name one step: write `#[{name}(reserve)]`"))?;
        Ok(Self { step, member })
    }
}

impl StepOptions {
    fn parse(attribute: Attribute, member: usize, errors: &mut Diagnostics) -> Self {
        let (mut timeout, mut aliases) = (None, Vec::new());
        let arguments = match &attribute.meta {
            Meta::List(list) => list.tokens.clone(),
            Meta::Path(_) => TokenStream::new(),
            Meta::NameValue(_) => {
                errors.push(err!(&attribute, "write `#[step(timeout = \"30s\")]`"));
                TokenStream::new()
            }
        };
        STEP.parse(arguments, errors, |key, input| {
            match key {
                "timeout" => timeout = Some(value(input)?),
                _ => aliases = list(input)?,
            }
            Ok(())
        });
        Self { attribute, member, timeout, aliases }
    }
}
