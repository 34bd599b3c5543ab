//! Writes the meaning of an error out.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use super::model::{ErrorModel, Meaning, Variant};
use crate::{crate_path::CratePath, spans::written_at};

/// Expands to:
///
/// ```text
/// impl ::commandbus::message::HandlerError for DebitError {
///     fn failure(&self) -> Failure {
///         match self {
///             Self::Closed { .. } => Failure::permanent("ACCOUNT_CLOSED", message(self)),
///             Self::Database { 0: source } => <LedgerError as HandlerError>::failure(source),
///         }
///     }
/// }
/// inventory::submit! { ProbeOf::<DebitError>::PROBE }
/// ```
///
/// The probe finds the error again in a source chain; only a type without parameters can be looked for.
pub(super) fn expand(model: &ErrorModel) -> TokenStream {
    let ErrorModel { krate, ident, generics, variants } = model;
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let arms = variants.iter().map(|variant| arm(model, variant));
    // An empty enum has no value to match on by reference.
    let body = if variants.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) };
    let probe = generics.params.is_empty().then(|| {
        quote! {
            const _: () = {
                #[allow(unused_imports)]
                use #krate::__private::NoProbe as _;
                #krate::__private::inventory::submit! {
                    #krate::__private::ProbeOf::<#ident>::PROBE
                }
            };
        }
    });
    quote! {
        #[automatically_derived]
        impl #parameters #krate::message::HandlerError for #ident #arguments #conditions {
            fn failure(&self) -> #krate::message::Failure {
                #body
            }
        }
        #probe
    }
}

fn arm(model: &ErrorModel, variant: &Variant) -> TokenStream {
    let krate = &model.krate;
    // A type without `Display` is reported at its name.
    let message = written_at(model.ident.span(), quote!(#krate::__private::message(self)));
    let path = match &variant.ident {
        Some(ident) => quote!(Self::#ident),
        None => quote!(Self),
    };
    match &variant.meaning {
        Meaning::Own { constructor, code } => quote! {
            #path { .. } => #krate::message::Failure::#constructor(
                #code,
                #message,
            ),
        },
        Meaning::Inherited { field, of } => quote! {
            #path { #field: source } => <#of as #krate::message::HandlerError>::failure(source),
        },
    }
}

/// What is left after a mistake: a handler can still return it.
pub(super) fn fallback(krate: &CratePath, item: &DeriveInput) -> TokenStream {
    let ident = &item.ident;
    let (parameters, arguments, conditions) = item.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #parameters #krate::message::HandlerError for #ident #arguments #conditions {
            fn failure(&self) -> #krate::message::Failure {
                ::core::unreachable!()
            }
        }
    }
}
