//! What a command is meant to be: every rule of `#[command]`.

use std::time::Duration;

use quote::ToTokens;
use syn::{
    Attribute, Data, DeriveInput, Fields, Ident, LitInt, LitStr, PathArguments, PathSegment, Type, ext::IdentExt,
};

use super::{args::CommandArgs, version::Versions};
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean, err, list_of},
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
    pub(super) group_by: Option<Ident>,
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
        let group_by = args.group_by.and_then(|field| errors.keep(checked_field(field, item)));
        let reply = args.reply.and_then(|reply| errors.keep(checked_reply(&reply)));
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                ident: item.ident.clone(),
                cfgs: cfgs(&item.attrs),
                domain: domain?,
                name,
                reply,
                aliases: args.aliases,
                versions,
                max_attempts,
                backoff,
                timeout,
                group_by,
                sensitive,
            })
        })
    }
}

fn check_item(item: &DeriveInput) -> syn::Result<()> {
    if let Data::Union(data) = &item.data {
        return Err(err!(data.union_token, "`#[command]` goes on a struct or an enum"));
    }
    if item.generics.lifetimes().next().is_some() {
        return Err(err!(
            &item.generics,
            "a command is sent away, so it borrows nothing: write `String` for a `&str`, `Vec<T>` for a `&[T]`"
        ));
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

/// The field whose value is the key of the group.
fn checked_field(group_by: Ident, item: &DeriveInput) -> syn::Result<Ident> {
    let Data::Struct(data) = &item.data else {
        return Err(err!(
            group_by,
            "only a struct is grouped by a field of it: write `Command` for `{}` by hand, with a `fn group`",
            item.ident
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(err!(group_by, "`group_by` names a field, and those of `{}` have no names", item.ident));
    };
    let idents: Vec<&Ident> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    if let Some(found) = idents.iter().find(|ident| ident.unraw() == group_by.unraw()) {
        let mut field = (*found).clone();
        field.set_span(group_by.span());
        return Ok(field);
    }
    let names: Vec<String> = idents.iter().map(|ident| ident.unraw().to_string()).collect();
    let names = || names.iter().map(String::as_str);
    let hint = match did_you_mean(&group_by.to_string(), names()) {
        Some(close) => format!("did you mean `{close}`?"),
        None if idents.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", list_of(names())),
    };
    Err(err!(&group_by, "`{}` has no field `{group_by}`: {hint}", item.ident))
}

/// The type of a reply, which is stored and read again.
pub(super) fn checked_reply(ty: &Type) -> syn::Result<Type> {
    match ty {
        Type::Reference(reference) => {
            let owned = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(slice) => format!("Vec<{}>", slice.elem.to_token_stream()),
                other => other.to_token_stream().to_string(),
            };
            Err(err!(ty, "a reply is sent away, so it borrows nothing: write `{owned}`"))
        }
        Type::ImplTrait(_) | Type::Infer(_) => Err(err!(ty, "a reply is read by its type: write the type itself")),
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Result" && is_pair(last)) => {
            Err(err!(
                ty,
                "a reply is what its handler returns when all went well: write that type alone, the handler still returns \
                 a `Result` of it"
            ))
        }
        _ => Ok(ty.clone()),
    }
}

fn is_pair(segment: &PathSegment) -> bool {
    matches!(&segment.arguments, PathArguments::AngleBracketed(arguments) if arguments.args.len() == 2)
}
