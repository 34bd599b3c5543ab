//! The name that serde writes a field under.

use syn::{
    Attribute, Ident, LitStr, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

/// What serde's attributes say about names, as far as it concerns writing.
#[derive(Default)]
pub(super) struct Renaming {
    pub(super) rename: Option<String>,
    pub(super) rename_all: Option<Case>,
    pub(super) rename_all_fields: Option<Case>,
    pub(super) flatten: bool,
}

impl Renaming {
    /// What serde itself would refuse is passed over: serde reports it.
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut renaming = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let _ = attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match name.as_str() {
                    "flatten" => renaming.flatten = true,
                    "rename" => renaming.rename = written(meta.input)?,
                    "rename_all" => renaming.rename_all = written(meta.input)?.as_deref().and_then(Case::named),
                    "rename_all_fields" => {
                        renaming.rename_all_fields = written(meta.input)?.as_deref().and_then(Case::named);
                    }
                    _ => skip(meta.input)?,
                }
                Ok(())
            });
        }
        renaming
    }
}

/// `= "name"` or `(serialize = "name", deserialize = "..")`
fn written(input: ParseStream<'_>) -> syn::Result<Option<String>> {
    if input.parse::<Option<Token![=]>>()?.is_some() {
        return input.parse::<LitStr>().map(|literal| Some(literal.value()));
    }
    let content;
    syn::parenthesized!(content in input);
    let mut name = None;
    let pairs = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let side: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let literal: LitStr = input.parse()?;
            if side == "serialize" {
                name = Some(literal.value());
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    Parser::parse2(pairs, content.parse()?)?;
    Ok(name)
}

fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// The name of a field on the wire; its own `rename` wins over the rule of what holds it.
pub(super) fn field_name(ident: &Ident, renaming: &Renaming, rule: Option<Case>) -> String {
    let name = ident.unraw().to_string();
    match (&renaming.rename, rule) {
        (Some(renamed), _) => renamed.clone(),
        (None, Some(case)) => case.of_field(&name),
        (None, None) => name,
    }
}

/// The cases of serde's `rename_all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Unchanged,
    Upper,
    Pascal,
    Camel,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lowercase" | "snake_case" => Self::Unchanged,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// As `RenameRule::apply_to_field` of serde_derive, which takes fields to be in snake case.
    fn of_field(self, field: &str) -> String {
        match self {
            Self::Unchanged => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => pascal(field),
            Self::Camel => {
                let pascal = pascal(field);
                let mut chars = pascal.chars();
                chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
            }
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn pascal(field: &str) -> String {
    let mut capitalize = true;
    let mut pascal = String::new();
    for c in field.chars() {
        if c == '_' {
            capitalize = true;
        } else if std::mem::take(&mut capitalize) {
            pascal.push(c.to_ascii_uppercase());
        } else {
            pascal.push(c);
        }
    }
    pascal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cases_of_serde() {
        for (case, expected) in [
            ("lowercase", "card_number"),
            ("UPPERCASE", "CARD_NUMBER"),
            ("PascalCase", "CardNumber"),
            ("camelCase", "cardNumber"),
            ("snake_case", "card_number"),
            ("SCREAMING_SNAKE_CASE", "CARD_NUMBER"),
            ("kebab-case", "card-number"),
            ("SCREAMING-KEBAB-CASE", "CARD-NUMBER"),
        ] {
            assert_eq!(Case::named(case).unwrap().of_field("card_number"), expected, "{case}");
        }
    }

    #[test]
    fn only_the_writing_side_counts() {
        let field: syn::Field = syn::parse_quote!(
            #[serde(default = "x::y", rename(deserialize = "in", serialize = "out"), skip_serializing_if = "a")]
            r#type: String
        );
        let renaming = Renaming::of(&field.attrs);
        assert_eq!(field_name(field.ident.as_ref().unwrap(), &renaming, None), "out");
        assert_eq!(field_name(field.ident.as_ref().unwrap(), &Renaming::default(), Some(Case::Camel)), "type");
    }
}
