//! What is left of a command after a mistake: it is still a command, so that its other uses are no mistakes.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Data, DeriveInput, Ident};

use super::{args::CommandArgs, model::checked_reply};
use crate::crate_path::CratePath;

pub(super) fn fallback(args: &CommandArgs, item: &DeriveInput) -> TokenStream {
    let generics = &item.generics;
    if matches!(item.data, Data::Union(_)) || generics.lifetimes().next().is_some() {
        // Nothing could make it one.
        return TokenStream::new();
    }
    let (krate, ident) = (&args.krate, &item.ident);
    if generics.params.is_empty() {
        return of_type(args, ident);
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let written = conditions.map(|conditions| &conditions.predicates);
    let comma = written.filter(|written| !written.empty_or_trailing()).map(|_| quote!(,));
    implementation(
        args,
        &quote!(#parameters),
        &quote!(#ident #arguments),
        &quote! {
            where
                #written #comma
                Self: #krate::__private::serde::Serialize + #krate::__private::serde::de::DeserializeOwned + ::core::marker::Send + 'static,
        },
    )
}

/// For a struct or an enum that does not parse yet; `None` for anything else.
pub(super) fn of_unreadable(args: &CommandArgs, tokens: TokenStream) -> Option<TokenStream> {
    let derives = derives(&args.krate, tokens.clone());
    let mut tokens = tokens.into_iter().skip_while(
        |token| !matches!(token, TokenTree::Ident(word) if ["struct", "enum"].iter().any(|keyword| word == keyword)),
    );
    tokens.next()?;
    let Some(TokenTree::Ident(ident)) = tokens.next() else { return None };
    let is_generic = matches!(tokens.next(), Some(TokenTree::Punct(mark)) if mark.as_char() == '<');
    if is_generic {
        return Some(TokenStream::new());
    }
    let (command, derives) = (of_type(args, &ident), derives.map(|derived| derived(&ident)));
    Some(quote!(#command #derives))
}

/// What serde's derives would have made: they cannot read the type either.
fn derives(krate: &CratePath, tokens: TokenStream) -> Option<impl Fn(&Ident) -> TokenStream> {
    let text = tokens.to_string();
    let derived = text.contains("derive") && text.contains("Serialize") && text.contains("Deserialize");
    let serde = quote!(#krate::__private::serde);
    derived.then_some(move |ident: &Ident| {
        quote! {
            #[automatically_derived]
            impl #serde::Serialize for #ident {
                fn serialize<S: #serde::Serializer>(&self, _: S) -> ::core::result::Result<S::Ok, S::Error> {
                    ::core::unreachable!()
                }
            }
            #[automatically_derived]
            impl<'de> #serde::Deserialize<'de> for #ident {
                fn deserialize<D: #serde::Deserializer<'de>>(_: D) -> ::core::result::Result<Self, D::Error> {
                    ::core::unreachable!()
                }
            }
        }
    })
}

fn of_type(args: &CommandArgs, ident: &Ident) -> TokenStream {
    implementation(args, &quote!(), &quote!(#ident), &quote!())
}

fn implementation(
    args: &CommandArgs,
    parameters: &TokenStream,
    self_type: &TokenStream,
    conditions: &TokenStream,
) -> TokenStream {
    let krate = &args.krate;
    let reply = args.reply.as_ref().and_then(|reply| checked_reply(reply).ok());
    let reply = reply.map_or_else(|| quote!(()), |reply| quote!(#reply));
    quote! {
        #[automatically_derived]
        impl #parameters #krate::message::Command for #self_type #conditions {
            type Reply = #reply;
            const SPEC: &'static #krate::message::CommandSpec = #krate::__private::REFUSED;
        }
    }
}
