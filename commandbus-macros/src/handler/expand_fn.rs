//! Writes the handler of a function out.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Visibility};

use super::{
    entry::{Call, entry, hidden},
    handling::Handling,
    model::HandlerModel,
};
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    signature::Function,
    spans::{located_at, written_at},
};

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
///         needs: &[<Context as Parameter>::NEEDS],
///         call: |invocation| {
///             let handler = |command, ((), parameter_1)| debit_account(command, parameter_1);
///             use __private::probes::*;
///             let known = CommandOf::<DebitAccount>::KNOWN;
///             let returned = Returned::<Result<Receipt, DebitError>>::SHAPE;
///             let failure = (&&&&returned.error()).failure();
///             CallWith::<((), Context)>::CALLER.call(invocation, handler, known.conclusion(returned, failure))
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
    let HandlerModel { krate, visibility, handling } = model;
    let Handling { ident, cfgs, .. } = handling;
    let call = call(krate, handling);
    let entry = entry(krate, handling, &format!("::{ident}"), &call);
    let made = quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::handler::Handler for #ident {
            const ENTRY: #krate::handler::HandlerEntry = #entry;
        }

        #(#cfgs)*
        #krate::__private::inventory::submit! {
            <#ident as #krate::handler::Handler>::ENTRY
        }
    };
    marker(krate, cfgs, visibility, ident, &made)
}

fn call(krate: &CratePath, handling: &Handling) -> TokenStream {
    let ident = &handling.ident;
    let Call { known, caller, pattern, names, conclusion } = Call::of(krate, handling);
    let [invocation, command] = ["invocation", "command"].map(hidden);
    let handler = Ident::new("handler", ident.span());
    let closure = quote_spanned!(ident.span()=> |#command, #pattern| #ident(#command #(, #names)*));
    // A future that is not Send is reported at this call.
    let call = written_at(ident.span(), quote!(call));
    let call = quote_spanned!(ident.span()=> #caller.#call(#invocation, #handler, #conclusion));
    quote! {
        |#invocation| {
            let #handler = #closure;
            #known
            #call
        }
    }
}

/// What is left of a handler after a mistake: lists can still name it.
pub(super) fn fallback(krate: &CratePath, function: &Function) -> TokenStream {
    if function.signature.receiver().is_some() {
        // No item can be put beside a method.
        return TokenStream::new();
    }
    let ident = &function.signature.ident;
    let cfgs = cfgs(&function.attributes);
    let made = quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::handler::Handler for #ident {
            const ENTRY: #krate::handler::HandlerEntry = #krate::__private::REFUSED_HANDLER;
        }
    };
    marker(krate, &cfgs, &function.visibility, ident, &made)
}

/// The struct, with what is made for it.
///
/// All of it is one item until the struct is accepted: in an `impl`, of which the macro sees nothing, no struct can
/// stand, and that is one error, at the function's name.
fn marker(
    krate: &CratePath,
    cfgs: &[Attribute],
    visibility: &Visibility,
    ident: &Ident,
    made: &TokenStream,
) -> TokenStream {
    let written = located_at(ident.span(), quote!(struct #ident {}));
    quote! {
        #(#cfgs)*
        #[#krate::__private::beside(#made)]
        #[doc(hidden)]
        #[allow(dead_code, non_camel_case_types, clippy::exhaustive_structs)]
        #visibility #written
    }
}
