//! What the entries of functions and of methods have in common.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::handling::Handling;
use crate::{crate_path::CratePath, spans::written_at};

/// The entry of a handler whose path within its module is the text `path`.
pub(super) fn entry(krate: &CratePath, handling: &Handling, path: &TokenStream, call: &TokenStream) -> TokenStream {
    let Handling { ident, command, parameters, .. } = handling;
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote! {
        #krate::handler::HandlerEntry {
            command: <#command as #krate::message::Command>::SPEC,
            name: ::core::concat!(::core::module_path!(), #path),
            file: ::core::file!(),
            line: #line,
            needs: &[#(<#parameters as #krate::handler::FromContext>::NEEDS),*],
            call: #call,
        }
    }
}

/// The parts of the call of a handler.
pub(super) struct Call {
    /// Finds out what holds for the types: `command`, `returned`, `failure`, and the next two.
    pub(super) known: TokenStream,
    /// How to take the parameters. A handler may have the name of it, so it is hidden, as the next one is.
    pub(super) take: Ident,
    /// Whether they can be taken.
    pub(super) caller: Ident,
    /// What is taken, as a pattern.
    pub(super) pattern: TokenStream,
    /// The names in it.
    pub(super) names: Vec<Ident>,
    /// What to make of what it returns.
    pub(super) conclusion: TokenStream,
}

impl Call {
    pub(super) fn of(krate: &CratePath, handling: &Handling) -> Self {
        let Handling { command, parameters, returns, .. } = handling;
        let written = &returns.written;
        let conclusion = written_at(returns.reply, quote!(conclusion));
        let returned = written_at(returns.reply, quote!(returned));
        let failure = written_at(returns.error, quote!(failure));
        let names: Vec<Ident> = (1..)
            .zip(parameters)
            .map(|(number, ty)| format_ident!("parameter_{number}", span = Span::mixed_site().located_at(ty.span())))
            .collect();
        let nest = |nested: TokenStream, last: TokenStream| quote!((#nested, #last));
        let pattern = names.iter().map(ToTokens::to_token_stream).fold(quote!(()), nest);
        let takes = parameters.iter().map(|ty| quote!((&&#krate::__private::Take::<#ty>::new()).how()));
        let takes = takes.fold(quote!(()), nest);
        let [take, caller] = ["take", "caller"].map(|name| Ident::new(name, Span::mixed_site()));
        let known = quote! {
            use #krate::__private::{
                ClassifiedError as _, FallbackCommand as _, FallbackParameters as _, FallbackTake as _, KnownCommand as _,
                KnownParameters as _, KnownTake as _, OpaqueError as _, PlainError as _, PlainReturn as _, ResultReturn as _,
                UnknownError as _,
            };
            let command = (&&#krate::__private::CommandOf::<#command>::new()).known();
            let returned = (&&#krate::__private::Returned::<#written>::new()).shape();
            let failure = (&&&&returned.error()).#failure();
            let #take = #takes;
            let #caller = (&&#krate::__private::CallWith::these(&#take)).caller();
        };
        Self { known, take, caller, pattern, names, conclusion: quote!(command.#conclusion(#returned, failure)) }
    }
}
