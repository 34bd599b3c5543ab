//! What an error is meant to say: every rule of `#[derive(HandlerError)]`.

use syn::{Data, DeriveInput, Fields, Generics, Ident, LitStr, Member, Type, spanned::Spanned};

use super::args::{ErrorArgs, MeaningArgs, VariantArgs};
use crate::{
    crate_path::CratePath,
    diagnostics::{Diagnostics, err},
};

pub(super) struct ErrorModel {
    pub(super) krate: CratePath,
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    pub(super) variants: Vec<Variant>,
}

pub(super) struct Variant {
    /// `None` for a struct.
    pub(super) ident: Option<Ident>,
    pub(super) meaning: Meaning,
}

pub(super) enum Meaning {
    /// The constructor of `Failure`, and the code.
    Own { constructor: Ident, code: LitStr },
    /// That of the only field.
    Inherited { field: Member, of: Box<Type> },
}

impl ErrorModel {
    pub(super) fn new(args: ErrorArgs, item: DeriveInput, mut errors: Diagnostics) -> Result<Self, Diagnostics> {
        if let Data::Union(data) = &item.data {
            errors.push(err!(data.union_token, "`HandlerError` is derived for enums and structs"));
        }
        if let Data::Enum(_) = &item.data {
            for meaning in &args.own {
                errors.push(err!(
                    &meaning.attribute,
                    "`#[{}]` goes on a variant: each says for itself what it means for the command",
                    meaning.kind
                ));
            }
        }
        let variants: Vec<Option<Variant>> =
            args.variants.iter().map(|variant| errors.keep(Variant::new(variant)).flatten()).collect();
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                ident: item.ident,
                generics: item.generics,
                variants: variants.into_iter().collect::<Option<_>>()?,
            })
        })
    }
}

impl Variant {
    /// `None` when its mistake has been reported already.
    fn new(args: &VariantArgs) -> syn::Result<Option<Self>> {
        let ident = &args.ident;
        let meaning = match args.meanings.as_slice() {
            [meaning] => meaning,
            [] if args.is_misspelt => return Ok(None),
            [] if !args.on_fields.is_empty() => {
                let attribute = &args.on_fields[0];
                return Err(err!(attribute, "this says what `{ident}` means as a whole: write it above `{ident}`"));
            }
            [] => {
                return Err(err!(
                    ident,
                    "what does `{ident}` mean for the command? Write one of\n\
                     #[transient(code = \"..\")]      it may go better next time: retried, then parked\n\
                     #[permanent(code = \"..\")]      it will not go better by itself: parked at once\n\
                     #[business_rule(code = \"..\")]  a rule says no: the command ends as failed\n\
                     #[inherit]                     as the error inside says"
                ));
            }
            [_, second, ..] => {
                return Err(err!(&second.attribute, "`{ident}` means one thing for the command: remove one of these"));
            }
        };
        if !meaning.readable {
            return Ok(None);
        }
        let ident = (!args.is_struct).then(|| ident.clone());
        Ok(Some(Self { ident, meaning: Meaning::new(meaning, &args.fields)? }))
    }
}

impl Meaning {
    fn new(args: &MeaningArgs, fields: &Fields) -> syn::Result<Self> {
        if args.kind == "inherit" {
            let mut members = fields.members().zip(fields);
            return match (members.next(), members.next()) {
                (Some((field, of)), None) => Ok(Self::Inherited { field, of: Box::new(of.ty.clone()) }),
                _ => Err(err!(
                    &args.attribute,
                    "`#[inherit]` takes the meaning of the error inside, so it needs exactly one field"
                )),
            };
        }
        let Some(code) = &args.code else {
            return Err(err!(&args.attribute, "machines match on the code: write `#[{}(code = \"..\")]`", args.kind));
        };
        if code.value().trim().is_empty() || code.value().chars().any(char::is_control) {
            return Err(err!(code, "a code is a stable name for machines, as in `ACCOUNT_CLOSED`"));
        }
        Ok(Self::Own { constructor: Ident::new(args.kind, args.attribute.path().span()), code: code.clone() })
    }
}
