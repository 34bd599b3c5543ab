//! What a batch is meant to be: every rule of `#[batch]` that needs no types.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Ident, Type};

use super::args::BatchArgs;
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, err},
};

pub(super) struct BatchModel {
    pub(super) krate: CratePath,
    pub(super) ident: Ident,
    pub(super) cfgs: Vec<Attribute>,
    /// The one that gives the batch its domain.
    pub(super) first: Type,
    pub(super) others: Vec<Type>,
}

impl BatchModel {
    pub(super) fn new(args: BatchArgs, item: &DeriveInput, mut errors: Diagnostics) -> Result<Self, Diagnostics> {
        errors.keep(check_item(item));
        if args.members.is_empty() && !args.incomplete {
            let missing = "a batch names its commands: write `#[batch(DebitAccount, CreditAccount)]`";
            errors.push(syn::Error::new(Span::call_site(), missing));
        }
        for second in repeated(&args.members) {
            errors.push(err!(second, "`{}` is listed already: leave it out here", second.to_token_stream()));
        }
        errors.or(|| {
            let mut members = args.members.into_iter();
            Some(Self {
                krate: args.krate,
                ident: item.ident.clone(),
                cfgs: cfgs(&item.attrs),
                first: members.next()?,
                others: members.collect(),
            })
        })
    }
}

fn check_item(item: &DeriveInput) -> syn::Result<()> {
    let rule = "`#[batch]` goes on a struct, which names the batch: `struct Settlement;`";
    match &item.data {
        Data::Enum(data) => return Err(err!(data.enum_token, "{rule}")),
        Data::Union(data) => return Err(err!(data.union_token, "{rule}")),
        Data::Struct(_) => {}
    }
    if item.generics.params.is_empty() {
        return Ok(());
    }
    Err(err!(
        &item.generics,
        "`{}` names a batch and is nothing else: it has no generic parameters and no lifetimes",
        item.ident
    ))
}

/// The types that are written a second time.
pub(super) fn repeated(members: &[Type]) -> impl Iterator<Item = &Type> {
    let spelt = |ty: &Type| ty.to_token_stream().to_string();
    members
        .iter()
        .enumerate()
        .filter(move |(index, member)| members[..*index].iter().any(|before| spelt(before) == spelt(member)))
        .map(|(_, member)| member)
}
