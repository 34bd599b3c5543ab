//! The grammar that all attributes share: `key`, `key = value` and `key(value, ..)`, separated by commas.
//!
//! A key decides how its value is read, because a type may contain commas (`reply = HashMap<String, u64>`) and is no
//! expression, which is all that `syn::Meta` can hold.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Ident, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::{
    diagnostics::{Diagnostics, did_you_mean, err, list_of},
    elsewhere::elsewhere,
};

/// One key of a grammar, with an example of its use.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
}

/// The keys of one attribute.
pub(crate) struct Grammar {
    /// As it is written: `#[command]`.
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Grammar {
    /// Reads all arguments; `read` takes what follows a key. A mistake ends its own argument only.
    pub(crate) fn parse(
        &self,
        tokens: TokenStream,
        errors: &mut Diagnostics,
        mut read: impl FnMut(&str, ParseStream<'_>) -> syn::Result<()>,
    ) -> Misspelt {
        let mut seen = Vec::new();
        let mut misspelt = Misspelt::default();
        let mut list = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let argument = self.argument(input, &mut seen, &mut misspelt, &mut read);
                if errors.keep(argument).is_none() {
                    skip_to_comma(input)?;
                }
                if let Some(next) = self.key_ahead(input) {
                    errors.push(err!(&next, "a comma is missing before `{next}`"));
                } else if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        let outcome = Parser::parse2(|input: ParseStream<'_>| list(input), tokens);
        errors.keep(outcome);
        misspelt
    }

    fn argument(
        &self,
        input: ParseStream<'_>,
        seen: &mut Vec<String>,
        misspelt: &mut Misspelt,
        read: &mut impl FnMut(&str, ParseStream<'_>) -> syn::Result<()>,
    ) -> syn::Result<()> {
        let ident = input.call(Ident::parse_any).map_err(|error| {
            misspelt.nameless = true;
            syn::Error::new(error.span(), self.nameless())
        })?;
        let name = ident.unraw().to_string();
        let Some(key) = self.keys.iter().find(|key| key.name == name) else {
            misspelt.keys.extend(did_you_mean(&name, self.keys.iter().map(|key| key.name)));
            misspelt.keys.extend(elsewhere(self.attribute, &name).and_then(|(instead, _)| instead));
            return Err(err!(&ident, "{}", self.unknown(&name)));
        };
        if seen.contains(&name) {
            return Err(err!(&ident, "`{name}` is given twice"));
        }
        seen.push(name.clone());
        let missing = at_end(input);
        let written = |span| syn::Error::new(span, format!("write `{}`", key.example));
        read(&name, input).map_err(|error| if missing { written(ident.span()) } else { written(error.span()) })?;
        if at_end(input) || self.key_ahead(input).is_some() { Ok(()) } else { Err(written(input.span())) }
    }

    /// The key that follows where a comma should.
    fn key_ahead(&self, input: ParseStream<'_>) -> Option<Ident> {
        let ident = input.fork().call(Ident::parse_any).ok()?;
        self.keys.iter().any(|key| ident.unraw() == key.name).then_some(ident)
    }

    fn unknown(&self, name: &str) -> String {
        let names = || self.keys.iter().map(|key| key.name);
        let meant = match elsewhere(self.attribute, name) {
            Some((_, advice)) => format!(": {advice}"),
            None => did_you_mean(name, names()).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default(),
        };
        format!("{} has no argument `{name}`{meant}\n{}", self.attribute, self.usage())
    }

    fn nameless(&self) -> String {
        match self.keys.first() {
            Some(key) => format!("an argument begins with its name, as in `{}`\n{}", key.example, self.usage()),
            None => self.usage(),
        }
    }

    fn usage(&self) -> String {
        if self.keys.is_empty() {
            return format!("{} takes no arguments", self.attribute);
        }
        format!("{} takes {}", self.attribute, list_of(self.keys.iter().map(|key| key.name)))
    }
}

/// What was said in a wrong way: it is not missing as well.
#[derive(Default)]
pub(crate) struct Misspelt {
    /// The keys that were probably meant.
    keys: Vec<&'static str>,
    /// Whether there was an argument without a key.
    nameless: bool,
}

/// What was written for a key that is needed: one that could not be read is not missing.
#[derive(Default)]
pub(crate) enum Written<T> {
    #[default]
    Not,
    Unreadable,
    As(T),
}

impl<T> Written<T> {
    /// Not missing, where it was said in a wrong way.
    pub(crate) fn unless(&mut self, key: &str, misspelt: &Misspelt) {
        if matches!(self, Self::Not) && (misspelt.nameless || misspelt.keys.contains(&key)) {
            *self = Self::Unreadable;
        }
    }

    pub(crate) fn read(&mut self, read: impl FnOnce() -> syn::Result<T>) -> syn::Result<()> {
        *self = Self::Unreadable;
        *self = Self::As(read()?);
        Ok(())
    }
}

/// `= value`
pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// `= path`, also one that begins with `crate`.
pub(crate) fn path_value(input: ParseStream<'_>) -> syn::Result<syn::Path> {
    input.parse::<Token![=]>()?;
    let path = input.call(syn::Path::parse_mod_style)?;
    // A type has no library in it, and no path of a trait begins with one.
    match path.segments.iter().find(|segment| segment.ident == "Self") {
        Some(segment) => Err(err!(segment, "`Self` is no library")),
        None => Ok(path),
    }
}

/// `(value, ..)`
pub(crate) fn list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let content;
    syn::parenthesized!(content in input);
    listed(&content)
}

/// What stands between brackets of any kind, separated by commas.
pub(crate) fn listed<T: Parse>(content: ParseStream<'_>) -> syn::Result<Vec<T>> {
    // Taken out first, so that what a mistake leaves unread is not reported once more.
    let tokens = content.parse()?;
    Ok(Punctuated::<T, Token![,]>::parse_terminated.parse2(tokens)?.into_iter().collect())
}

pub(crate) fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

pub(crate) fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !at_end(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
