//! Writes the handler of a function out.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Visibility, spanned::Spanned};

use super::model::HandlerModel;
use crate::{attribute::cfgs, crate_path::CratePath, signature::Function, spans::written_at};

/// Expands to:
///
/// ```text
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
///             let command = (&&CommandOf::<DebitAccount>::new()).known();
///             let returned = (&&Returned::<Result<Receipt, DebitError>>::new()).shape();
///             let failure = (&&&&returned.error()).failure();
///             let take = ((), (&&Take::<Context>::new()).how());
///             (&&CallWith::these(&take)).caller().call(
///                 invocation,
///                 command.decoder(),
///                 take,
///                 |command, ((), parameter_1)| debit_account(command, parameter_1),
///                 command.conclusion(returned, failure),
///             )
///         },
///     };
/// }
/// inventory::submit! { <debit_account as Handler>::ENTRY }
/// ```
///
/// The struct is braced, so it shares the function's name without taking it. Whatever depends on types is ordinary
/// code of the library. Each bound is demanded once, by tokens that stand at what they judge (`command`, `needs`,
/// `failure`, `conclusion`, `call`), so that rustc reports it there and once; everything else asks without demanding.
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
    let handler = quote_spanned!(ident.span()=> |command, #pattern| #ident(command #(, #names)*));
    let arguments = quote!(invocation, command.decoder(), take, #handler, command.#conclusion(#returned, failure));
    // A future that is not Send is reported at this call.
    let call = written_at(ident.span(), quote!(caller.call));
    let call = quote_spanned!(ident.span()=> #call(#arguments));
    quote! {{
        use #krate::__private::{
            ClassifiedError as _, FallbackCommand as _, FallbackParameters as _, FallbackTake as _, KnownCommand as _,
            KnownParameters as _, KnownTake as _, OpaqueError as _, PlainError as _, PlainReturn as _, ResultReturn as _, UnknownError as _,
        };
        let command = (&&#krate::__private::CommandOf::<#command>::new()).known();
        let returned = (&&#krate::__private::Returned::<#written>::new()).shape();
        let failure = (&&&&returned.error()).#failure();
        let take = #takes;
        let caller = (&&#krate::__private::CallWith::these(&take)).caller();
        #call
    }}
}

/// What is left of a handler after a mistake: lists can still name it.
pub(super) fn fallback(krate: &CratePath, function: &Function) -> TokenStream {
    if function.signature.receiver().is_some() {
        // No item can be put beside a method.
        return TokenStream::new();
    }
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
        #[allow(dead_code, non_camel_case_types, clippy::exhaustive_structs)]
        #visibility struct #ident {}
    }
}
