//! What is written on an error and its variants.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr, Meta};

use crate::{
    arguments::{Grammar, Key, path_value, value},
    attribute::mentions,
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean},
};

const CRATE: Grammar =
    Grammar { attribute: "`#[handler_error]`", keys: &[Key { name: "crate", example: "crate = ::commandbus" }] };

const CODE: &[Key] = &[Key { name: "code", example: "code = \"ACCOUNT_CLOSED\"" }];

/// The attributes that say what an error means.
const MEANINGS: [(&str, Grammar); 4] = [
    ("transient", Grammar { attribute: "`#[transient]`", keys: CODE }),
    ("permanent", Grammar { attribute: "`#[permanent]`", keys: CODE }),
    ("business_rule", Grammar { attribute: "`#[business_rule]`", keys: CODE }),
    ("inherit", Grammar { attribute: "`#[inherit]`", keys: &[] }),
];

#[derive(Default)]
pub(super) struct ErrorArgs {
    pub(super) krate: CratePath,
    /// What is written on the type itself.
    pub(super) own: Vec<MeaningArgs>,
    pub(super) variants: Vec<VariantArgs>,
}

/// One variant; a struct counts as its own only variant.
pub(super) struct VariantArgs {
    pub(super) ident: Ident,
    pub(super) fields: Fields,
    pub(super) is_struct: bool,
    pub(super) meanings: Vec<MeaningArgs>,
    /// Those that stand on its fields, where they say nothing.
    pub(super) on_fields: Vec<Attribute>,
    /// Whether an attribute looks like a misspelt one, which rustc reports.
    pub(super) is_misspelt: bool,
}

/// `#[permanent(code = "..")]`
#[derive(Clone)]
pub(super) struct MeaningArgs {
    pub(super) attribute: Attribute,
    pub(super) kind: &'static str,
    pub(super) code: Option<LitStr>,
    /// Whether its arguments could be read.
    pub(super) readable: bool,
}

impl ErrorArgs {
    pub(super) fn parse(item: &DeriveInput, errors: &mut Diagnostics) -> Self {
        let mut krate = CratePath::default();
        for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("handler_error")) {
            CRATE.parse(arguments(attribute), errors, |_, input| {
                krate = CratePath(Some(path_value(input)?));
                Ok(())
            });
        }
        let own = meanings(&item.attrs, errors);
        let variants = match &item.data {
            Data::Struct(data) => {
                vec![VariantArgs::new(&item.ident, &data.fields, &item.attrs, own.clone(), true)]
            }
            Data::Enum(data) => data
                .variants
                .iter()
                .map(|variant| {
                    let meanings = meanings(&variant.attrs, errors);
                    VariantArgs::new(&variant.ident, &variant.fields, &variant.attrs, meanings, false)
                })
                .collect(),
            Data::Union(_) => Vec::new(),
        };
        Self { krate, own, variants }
    }
}

impl VariantArgs {
    fn new(
        ident: &Ident,
        fields: &Fields,
        attributes: &[Attribute],
        meanings: Vec<MeaningArgs>,
        is_struct: bool,
    ) -> Self {
        let is_ours = |attribute: &&Attribute| MEANINGS.iter().any(|(kind, _)| attribute.path().is_ident(kind));
        let on_fields = fields.iter().flat_map(|field| &field.attrs).filter(is_ours).cloned().collect();
        let kinds = || MEANINGS.iter().map(|(kind, _)| *kind);
        let is_misspelt = attributes.iter().filter(|attribute| !is_ours(attribute)).any(|attribute| {
            attribute.path().get_ident().is_some_and(|name| did_you_mean(&name.to_string(), kinds()).is_some())
                && mentions(&arguments(attribute), "code")
        });
        Self { ident: ident.clone(), fields: fields.clone(), is_struct, meanings, on_fields, is_misspelt }
    }
}

fn meanings(attributes: &[Attribute], errors: &mut Diagnostics) -> Vec<MeaningArgs> {
    let mut found = Vec::new();
    for attribute in attributes {
        let Some((kind, grammar)) = MEANINGS.iter().find(|(kind, _)| attribute.path().is_ident(kind)) else {
            continue;
        };
        let mut code = None;
        let mut mistakes = Diagnostics::default();
        grammar.parse(arguments(attribute), &mut mistakes, |_, input| {
            code = Some(value(input)?);
            Ok(())
        });
        let readable = mistakes.is_empty();
        errors.extend(mistakes);
        found.push(MeaningArgs { attribute: attribute.clone(), kind, code, readable });
    }
    found
}

fn arguments(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    }
}
