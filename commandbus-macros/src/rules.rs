//! Rules that several attributes share.

use std::time::Duration;

use proc_macro2::Span;
use syn::LitStr;

use crate::{
    arguments::Written,
    diagnostics::{Diagnostics, err},
    duration::duration,
};

/// As `message::Domain::MAX_LENGTH`.
const LONGEST_DOMAIN: usize = 30;

/// The domain, which is needed; `None` when its mistake has been reported already.
pub(crate) fn domain(written: Written<LitStr>, missing: &str) -> syn::Result<Option<LitStr>> {
    match written {
        Written::Not => Err(syn::Error::new(Span::call_site(), missing)),
        Written::Unreadable => Ok(None),
        Written::As(literal) => checked_domain(literal).map(Some),
    }
}

fn checked_domain(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let legal = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if begins_well && legal && !name.contains("__") && !name.ends_with('_') && name.len() <= LONGEST_DOMAIN {
        return Ok(literal);
    }
    let name = if name.is_empty() { "an empty text".to_owned() } else { format!("`{name}`") };
    Err(err!(
        &literal,
        "{name} is not a domain: a domain is a lower-case letter followed by lower-case letters, digits and single \
         underscores, at most {LONGEST_DOMAIN} characters, as in `payments` or `card_payments`"
    ))
}

/// The names that a `thing` answers to: each is a name, and each once.
pub(crate) fn check_names(thing: &str, name: &LitStr, aliases: &[LitStr], errors: &mut Diagnostics) {
    let mut known = Vec::new();
    for literal in std::iter::once(name).chain(aliases) {
        let text = literal.value();
        if text.is_empty() || text.chars().any(char::is_control) {
            errors.push(err!(literal, "the name of a {thing} is a text without control characters, and not empty"));
        } else if known.contains(&text) {
            errors.push(err!(literal, "the {thing} already answers to `{text}`"));
        }
        known.push(text);
    }
}

/// A duration that is not zero.
pub(crate) fn lasting(literal: &LitStr, zero: &str) -> syn::Result<Duration> {
    let duration = duration(literal)?;
    if duration.is_zero() { Err(err!(literal, "{zero}")) } else { Ok(duration) }
}
