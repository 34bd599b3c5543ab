//! Durations in attributes. The library reads the same text at run time (`message::retry`); a macro cannot call it.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::LitStr;

use crate::diagnostics::err;

/// `"30s"`
pub(crate) fn duration(literal: &LitStr) -> syn::Result<Duration> {
    let text = literal.value();
    parse(&text).ok_or_else(|| refused(literal, &text))
}

/// `"10s, 60s, 5m"`
pub(crate) fn durations(literal: &LitStr) -> syn::Result<Vec<Duration>> {
    literal.value().split(',').map(|entry| parse(entry.trim()).ok_or_else(|| refused(literal, entry.trim()))).collect()
}

/// The expression that makes it.
pub(crate) fn constant(duration: Duration) -> TokenStream {
    let milliseconds = Literal::u128_unsuffixed(duration.as_millis());
    quote!(::core::time::Duration::from_millis(#milliseconds))
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds: u64 = match text[digits..].trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

fn refused(literal: &LitStr, text: &str) -> syn::Error {
    let written = if text.is_empty() { "an empty text".to_owned() } else { format!("`{text}`") };
    err!(
        literal,
        "{written} is not a duration: write a whole number and a unit, one of ms, s, m, h, d, as in `10s` or `5m`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units() {
        for (text, seconds) in [("1500ms", 1.5), ("10s", 10.0), ("5 m", 300.0), ("2h", 7200.0), ("1d", 86400.0)] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "10", "s", "10 parsecs", "-1s", "1.5s", "99999999999999999999d", "9999999999999999d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
