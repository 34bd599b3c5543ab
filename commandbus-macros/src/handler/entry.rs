//! What the entries of functions and of methods have in common.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::handling::Handling;
use crate::{crate_path::CratePath, spans::written_at};

/// The entry of a handler whose path within its module is `path`.
pub(super) fn entry(krate: &CratePath, handling: &Handling, path: &str, call: &TokenStream) -> TokenStream {
    let Handling { ident, command, parameters, .. } = handling;
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote! {
        #krate::handler::HandlerEntry {
            command: <#command as #krate::message::Command>::SPEC,
            name: ::core::concat!(::core::module_path!(), #path),
            file: ::core::file!(),
            line: #line,
            needs: &[#(<#parameters as #krate::__private::Parameter>::NEEDS),*],
            call: #call,
        }
    }
}

/// The parts of the call of a handler.
///
/// A fault is reported at an argument only if that is of the user's own context, so the names of arguments are too. A
/// function may have one of them, and is therefore named before they are.
pub(super) struct Call {
    /// Finds out what the types are: `known`, `returned` and `failure`.
    pub(super) known: TokenStream,
    /// Whether the parameters can be taken.
    pub(super) caller: TokenStream,
    /// What is taken, as a pattern.
    pub(super) pattern: TokenStream,
    /// The names in it.
    pub(super) names: Vec<Ident>,
    /// How to read the payload, and what to make of what is returned.
    pub(super) conclusion: TokenStream,
}

impl Call {
    pub(super) fn of(krate: &CratePath, handling: &Handling) -> Self {
        let Handling { command, parameters, returns, .. } = handling;
        let written = &returns.written;
        let conclusion = written_at(returns.reply, quote!(conclusion));
        let classify = written_at(returns.error, quote!(failure));
        let [known, returned] = ["known", "returned"].map(|name| Ident::new(name, returns.reply));
        let failure = Ident::new("failure", returns.error);
        let names: Vec<Ident> = (1..)
            .zip(parameters)
            .map(|(number, ty)| format_ident!("parameter_{number}", span = Span::mixed_site().located_at(ty.span())))
            .collect();
        let nest = |nested: TokenStream, last: TokenStream| quote!((#nested, #last));
        let pattern = names.iter().map(ToTokens::to_token_stream).fold(quote!(()), nest);
        let types = parameters.iter().map(ToTokens::to_token_stream).fold(quote!(()), nest);
        Self {
            known: quote! {
                use #krate::__private::probes::*;
                let #known = #krate::__private::CommandOf::<#command>::KNOWN;
                let #returned = #krate::__private::Returned::<#written>::SHAPE;
                let #failure = (&&&&#returned.error()).#classify();
            },
            caller: quote!(#krate::__private::CallWith::<#types>::CALLER),
            pattern,
            names,
            conclusion: quote!(#known.#conclusion(#returned, #failure)),
        }
    }
}

/// A name that neither takes one of the user's nor is taken by one.
pub(super) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
