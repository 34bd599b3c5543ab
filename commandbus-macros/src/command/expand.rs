//! Writes a command out.

use proc_macro2::{Delimiter, Group, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ExprPath, spanned::Spanned};

use super::{model::CommandModel, version::Versions};
use crate::{duration::constant, spans::located_at};

/// Expands to:
///
/// ```text
/// impl ::commandbus::message::Command for DebitAccount {
///     type Reply = Receipt;
///     const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "DebitAccount").with_reply();
///     fn group(&self) -> Result<Option<String>, PayloadError> { group_key("DebitAccount", &self.account) }
/// }
/// inventory::submit! {
///     use __private::probes::*;
///     CommandEntry::of::<DebitAccount>(file!(), line!())
///         // With the feature `schema`.
///         .with_schemas(SchemaOf::<DebitAccount>::SCHEMA, SchemaOf::<Receipt>::SCHEMA)
/// }
/// ```
pub(super) fn expand(model: &CommandModel) -> TokenStream {
    let CommandModel { krate, ident, cfgs, domain, name, reply, .. } = model;
    let (options, group) = (options(model), group(model));
    let reply = reply.as_ref().map_or_else(|| quote!(()), |reply| quote!(#reply));
    // Looking for schemas takes the compiler its time, also where nobody wants them.
    let schemas = cfg!(feature = "schema").then(|| {
        quote! {
            .with_schemas(#krate::__private::SchemaOf::<#ident>::SCHEMA, #krate::__private::SchemaOf::<#reply>::SCHEMA)
        }
    });
    let probes = schemas.as_ref().map(|_| quote!(use #krate::__private::probes::*;));
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::message::Command for #ident {
            type Reply = #reply;
            const SPEC: &'static #krate::message::CommandSpec =
                &#krate::message::CommandSpec::new(#domain, #name)#options;
            #group
        }

        #(#cfgs)*
        #krate::__private::inventory::submit! {
            #probes
            #krate::handler::CommandEntry::of::<#ident>(::core::file!(), ::core::line!())#schemas
        }
    }
}

/// `fn group`, for a command that is grouped by a field.
fn group(model: &CommandModel) -> Option<TokenStream> {
    let CommandModel { krate, name, group_by, .. } = model;
    let field = group_by.as_ref()?;
    let key = quote_spanned!(field.span()=> &self.#field);
    Some(quote! {
        fn group(
            &self,
        ) -> ::core::result::Result<
            ::core::option::Option<::std::string::String>,
            #krate::message::envelope::PayloadError,
        > {
            #krate::message::group::group_key(#name, #key)
        }
    })
}

/// The calls of the spec's builder, for what differs from its defaults.
fn options(model: &CommandModel) -> TokenStream {
    let CommandModel { reply, aliases, sensitive, .. } = model;
    let mut calls = TokenStream::new();
    if reply.is_some() {
        calls.extend(quote!(.with_reply()));
    }
    if !aliases.is_empty() {
        calls.extend(quote!(.with_aliases(&[#(#aliases),*])));
    }
    calls.extend(versions(model));
    if let Some(attempts) = model.max_attempts.map(Literal::u32_unsuffixed) {
        calls.extend(quote!(.with_max_attempts(#attempts)));
    }
    if let Some(pauses) = &model.backoff {
        let pauses = pauses.iter().map(|pause| constant(*pause));
        calls.extend(quote!(.with_backoff(const { &[#(#pauses),*] })));
    }
    if let Some(timeout) = model.timeout {
        let timeout = constant(timeout);
        calls.extend(quote!(.with_timeout(#timeout)));
    }
    if !sensitive.is_empty() {
        calls.extend(quote!(.with_sensitive(&[#(#sensitive),*])));
    }
    calls
}

/// Expands to:
///
/// ```text
/// .with_version(3)
/// .with_upcasts(Upcasts::new(&[1, 2], |stored| {
///     stored.first(1, Debit::from_v1).then(2, Debit::from_v2).end::<Self>()
/// }))
/// ```
///
/// Each function stands there once. That it is a function of one older version is demanded of the argument; what it
/// returns is demanded by the call after it, which therefore stands where the function does.
fn versions(model: &CommandModel) -> TokenStream {
    let CommandModel { krate, versions: Versions { current, upcasts }, .. } = model;
    let mut calls = TokenStream::new();
    if *current > 1 {
        let current = Literal::u32_unsuffixed(*current);
        calls.extend(quote!(.with_version(#current)));
    }
    let Some((_, last)) = upcasts.last() else { return calls };
    let from: Vec<_> = upcasts.iter().map(|(from, _)| Literal::u32_unsuffixed(*from)).collect();
    let mut chain = located_at(last.span(), quote!(stored));
    let mut before: Option<&ExprPath> = None;
    for (from, (_, function)) in from.iter().zip(upcasts) {
        let (call, place) = before.map_or((quote!(first), function), |before| (quote!(then), before));
        let call = located_at(place.span(), quote!(.#call));
        let mut arguments = Group::new(Delimiter::Parenthesis, quote!(#from, #function));
        arguments.set_span(arguments.span().located_at(function.span()));
        chain.extend(quote!(#call #arguments));
        before = Some(function);
    }
    let end = located_at(last.span(), quote!(.end));
    calls.extend(quote! {
        .with_upcasts(#krate::message::version::Upcasts::new(&[#(#from),*], |stored| #chain #end::<Self>()))
    });
    calls
}
