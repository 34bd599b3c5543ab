//! What is left of a command after a mistake: it is still a command, so that its other uses are no mistakes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use super::args::CommandArgs;

pub(super) fn fallback(args: &CommandArgs, item: &DeriveInput) -> TokenStream {
    let (krate, ident) = (&args.krate, &item.ident);
    let (parameters, arguments, conditions) = item.generics.split_for_impl();
    if !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    let reply = args.reply.as_ref().map_or_else(|| quote!(()), |reply| quote!(#reply));
    quote! {
        #[automatically_derived]
        impl #parameters #krate::message::Command for #ident #arguments #conditions {
            type Reply = #reply;
            const SPEC: &'static #krate::message::CommandSpec = #krate::__private::REFUSED;
        }
    }
}
