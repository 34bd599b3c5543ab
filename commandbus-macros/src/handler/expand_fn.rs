//! Writes the handler of a function out.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Visibility, spanned::Spanned};

use super::model::HandlerModel;
use crate::{attribute::cfgs, crate_path::CratePath, signature::Function};

/// Expands to:
///
/// ```ignore
/// #[doc(hidden)]
/// pub struct debit_account {}
///
/// impl ::commandbus::handler::Handler for debit_account {
///     const ENTRY: HandlerEntry = HandlerEntry {
///         command: <DebitAccount as Command>::SPEC,
///         name: concat!(module_path!(), "::", "debit_account"),
///         file: file!(),
///         line: line!(),
///         needs: &[<Context as FromContext>::NEEDS],
///         call: |invocation| {
///             let returned = (&&Returned::<Result<Receipt, DebitError>>::new()).shape();
///             let failure = (&&&&returned.error()).failure();
///             __private::call(
///                 invocation,
///                 |command, ((), parameter_1)| debit_account(command, parameter_1),
///                 returned.replies_to::<DebitAccount>(failure),
///             )
///         },
///     };
/// }
/// inventory::submit! { <debit_account as Handler>::ENTRY }
/// ```
///
/// The struct is braced, so it shares the function's name without taking it. Whatever depends on types is one call into
/// the library, and each call carries the span of what it judges: rustc reports a fault there.
pub(super) fn expand(model: &HandlerModel) -> TokenStream {
    let HandlerModel { krate, ident, visibility, cfgs, command, parameters, .. } = model;
    let marker = marker(cfgs, visibility, ident);
    let line = quote_spanned!(ident.span()=> ::core::line!());
    let call = call(model);
    quote! {
        #marker

        #(#cfgs)*
        #[automatically_derived]
        impl #krate::handler::Handler for #ident {
            const ENTRY: #krate::handler::HandlerEntry = #krate::handler::HandlerEntry {
                command: <#command as #krate::message::Command>::SPEC,
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#ident)),
                file: ::core::file!(),
                line: #line,
                needs: &[#(<#parameters as #krate::handler::FromContext>::NEEDS),*],
                call: |invocation| #call,
            };
        }

        #(#cfgs)*
        #krate::__private::inventory::submit! {
            <#ident as #krate::handler::Handler>::ENTRY
        }
    }
}

fn call(model: &HandlerModel) -> TokenStream {
    let HandlerModel { krate, ident, command, parameters, returns, .. } = model;
    let written = &returns.written;
    let shape = quote_spanned!(Span::mixed_site()=> shape);
    let failure = quote_spanned!(returns.error=> failure);
    let replies_to = quote_spanned!(returns.reply=> replies_to);
    let names: Vec<Ident> = (1..)
        .zip(parameters)
        .map(|(number, ty)| format_ident!("parameter_{number}", span = Span::mixed_site().located_at(ty.span())))
        .collect();
    let pattern = names.iter().fold(quote!(()), |before, name| quote!((#before, #name)));
    // The whole call stands at the function's name: a future that is not Send is reported there.
    let handler = quote_spanned!(ident.span()=> |command, #pattern| #ident(command #(, #names)*));
    let call = quote_spanned!(ident.span()=> #krate::__private::call);
    quote! {{
        use #krate::__private::{
            ClassifiedError as _, OpaqueError as _, PlainError as _, PlainReturn as _, ResultReturn as _,
            UnknownError as _,
        };
        let returned = (&&#krate::__private::Returned::<#written>::new()).#shape();
        let failure = (&&&&returned.error()).#failure();
        #call(invocation, #handler, returned.#replies_to::<#command>(failure))
    }}
}

/// What is left of a handler after a mistake: lists can still name it.
pub(super) fn fallback(krate: &CratePath, function: &Function) -> TokenStream {
    let ident = &function.signature.ident;
    let cfgs = cfgs(&function.attributes);
    let marker = marker(&cfgs, &function.visibility, ident);
    quote! {
        #marker

        #(#cfgs)*
        #[automatically_derived]
        impl #krate::handler::Handler for #ident {
            const ENTRY: #krate::handler::HandlerEntry = #krate::__private::REFUSED_HANDLER;
        }
    }
}

fn marker(cfgs: &[Attribute], visibility: &Visibility, ident: &Ident) -> TokenStream {
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(dead_code, non_camel_case_types)]
        #visibility struct #ident {}
    }
}
