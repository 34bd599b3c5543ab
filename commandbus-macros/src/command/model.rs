//! What a command is meant to be: every rule of `#[command]`.

use std::time::Duration;

use proc_macro2::Span;
use syn::{Attribute, Data, DeriveInput, Ident, LitInt, LitStr, Type, ext::IdentExt};

use super::args::CommandArgs;
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, err},
    duration::{duration, durations},
};

/// As `message::Domain::MAX_LENGTH`.
const LONGEST_DOMAIN: usize = 30;

pub(super) struct CommandModel {
    pub(super) krate: CratePath,
    pub(super) ident: Ident,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) domain: LitStr,
    pub(super) name: LitStr,
    pub(super) reply: Option<Type>,
    pub(super) aliases: Vec<LitStr>,
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
        let domain = match args.domain {
            Some(domain) => errors.keep(checked_domain(domain)),
            None if args.names_a_domain => None,
            None => errors.keep(Err(syn::Error::new(
                Span::call_site(),
                "a command belongs to a domain: write `#[command(domain = \"payments\")]`",
            ))),
        };
        let name = args.name.unwrap_or_else(|| LitStr::new(&item.ident.unraw().to_string(), item.ident.span()));
        check_names(&name, &args.aliases, &mut errors);
        let max_attempts = args.max_attempts.and_then(|literal| errors.keep(checked_attempts(&literal)));
        let backoff = args.backoff.and_then(|literal| errors.keep(durations(&literal)));
        let timeout = args.timeout.and_then(|literal| errors.keep(checked_timeout(&literal)));
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                ident: item.ident.clone(),
                cfgs: cfgs(&item.attrs),
                domain: domain?,
                name,
                reply: args.reply,
                aliases: args.aliases,
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

fn checked_domain(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let legal = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if begins_well && legal && !name.contains("__") && !name.ends_with('_') && name.len() <= LONGEST_DOMAIN {
        return Ok(literal);
    }
    Err(err!(
        &literal,
        "`{name}` is not a domain: a domain is a lower-case letter followed by lower-case letters, digits and single \
         underscores, at most {LONGEST_DOMAIN} characters, as in `payments` or `card_payments`"
    ))
}

fn check_names(name: &LitStr, aliases: &[LitStr], errors: &mut Diagnostics) {
    let mut known = Vec::new();
    for literal in std::iter::once(name).chain(aliases) {
        let text = literal.value();
        if text.is_empty() || text.chars().any(char::is_control) {
            errors.push(err!(literal, "the name of a command is a text without control characters, and not empty"));
        } else if known.contains(&text) {
            errors.push(err!(literal, "the command already answers to `{text}`"));
        }
        known.push(text);
    }
}

fn checked_attempts(literal: &LitInt) -> syn::Result<u32> {
    match literal.base10_parse::<u32>() {
        Ok(0) => Err(err!(literal, "a command is attempted at least once: write 1 for no retry")),
        Ok(attempts) => Ok(attempts),
        Err(_) => Err(err!(literal, "`max_attempts` is a number from 1 to {}", u32::MAX)),
    }
}

fn checked_timeout(literal: &LitStr) -> syn::Result<Duration> {
    let timeout = duration(literal)?;
    if timeout.is_zero() {
        return Err(err!(literal, "no handler ends within a timeout of zero: leave `timeout` out for none"));
    }
    Ok(timeout)
}
