//! What a command is meant to be: every rule of `#[command]`.

use std::time::Duration;

use syn::{Attribute, Data, DeriveInput, Ident, LitInt, LitStr, Type, ext::IdentExt};

use super::{args::CommandArgs, version::Versions};
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, err},
    duration::durations,
    rules::{check_names, domain, lasting},
};

const NO_TIMEOUT: &str = "no handler ends within a timeout of zero: leave `timeout` out for none";

pub(super) struct CommandModel {
    pub(super) krate: CratePath,
    pub(super) ident: Ident,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) domain: LitStr,
    pub(super) name: LitStr,
    pub(super) reply: Option<Type>,
    pub(super) aliases: Vec<LitStr>,
    pub(super) versions: Versions,
    pub(super) max_attempts: Option<u32>,
    pub(super) backoff: Option<Vec<Duration>>,
    pub(super) timeout: Option<Duration>,
    pub(super) sensitive: Vec<String>,
}

impl CommandModel {
    pub(super) fn new(
        args: CommandArgs,
        item: &DeriveInput,
        sensitive: Vec<String>,
        mut errors: Diagnostics,
    ) -> Result<Self, Diagnostics> {
        errors.keep(check_item(item));
        let missing = "a command belongs to a domain: write `#[command(domain = \"payments\")]`";
        let domain = errors.keep(domain(args.domain, missing)).flatten();
        let name = args.name.unwrap_or_else(|| LitStr::new(&item.ident.unraw().to_string(), item.ident.span()));
        check_names("command", &name, &args.aliases, &mut errors);
        let mut about_versions = Diagnostics::default();
        let versions = Versions::new(args.version, args.upcasts, &mut about_versions);
        errors.extend(about_versions);
        let max_attempts = args.max_attempts.and_then(|literal| errors.keep(checked_attempts(&literal)));
        let backoff = args.backoff.and_then(|literal| errors.keep(durations(&literal)));
        let timeout = args.timeout.and_then(|literal| errors.keep(lasting(&literal, NO_TIMEOUT)));
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                ident: item.ident.clone(),
                cfgs: cfgs(&item.attrs),
                domain: domain?,
                name,
                reply: args.reply,
                aliases: args.aliases,
                versions,
                max_attempts,
                backoff,
                timeout,
                sensitive,
            })
        })
    }
}

fn check_item(item: &DeriveInput) -> syn::Result<()> {
    if let Data::Union(data) = &item.data {
        return Err(err!(data.union_token, "`#[command]` goes on a struct or an enum"));
    }
    if !item.generics.params.is_empty() {
        return Err(err!(
            &item.generics,
            "a command is one concrete type, for its name travels: write a command for each type that `{}` would stand for",
            item.ident
        ));
    }
    Ok(())
}

fn checked_attempts(literal: &LitInt) -> syn::Result<u32> {
    match literal.base10_parse::<u32>() {
        Ok(0) => Err(err!(literal, "a command is attempted at least once: write 1 for no retry")),
        Ok(attempts) => Ok(attempts),
        Err(_) => Err(err!(literal, "`max_attempts` is a number from 1 to {}", u32::MAX)),
    }
}
