//! Writes a command out.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use super::model::CommandModel;
use crate::duration::constant;

/// Expands to:
///
/// ```text
/// impl ::commandbus::message::Command for DebitAccount {
///     type Reply = Receipt;
///     const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "DebitAccount").with_reply();
///     fn group(&self) -> Result<Option<String>, PayloadError> { group_key("DebitAccount", &self.account) }
/// }
/// inventory::submit! { CommandEntry::of::<DebitAccount>(file!(), line!()) }
/// ```
pub(super) fn expand(model: &CommandModel) -> TokenStream {
    let CommandModel { krate, ident, cfgs, domain, name, reply, .. } = model;
    let (options, group) = (options(model), group(model));
    let reply = reply.as_ref().map_or_else(|| quote!(()), |reply| quote!(#reply));
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
            #krate::handler::CommandEntry::of::<#ident>(::core::file!(), ::core::line!())
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
