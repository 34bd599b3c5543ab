//! Writes a set of handlers out.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, DeriveInput, ext::IdentExt, spanned::Spanned};

use super::{
    entry::{Call, entry, hidden},
    handling::Handling,
    model::{SetModel, elided},
};
use crate::{attribute::cfgs, crate_path::CratePath, impl_block::ImplBlock, spans::written_at};

/// Expands to:
///
/// ```text
/// impl ::commandbus::handler::HandlerSet for Payments {
///     const ENTRIES: &'static [SetEntry<Self>] = &[
///         HandlerEntry {
///             command: <DebitAccount as Command>::SPEC,
///             name: concat!(module_path!(), "::Payments::debit"),
///             file: file!(),
///             line: line!(),
///             needs: &[<Context as Parameter>::NEEDS],
///             call: |set, invocation| {
///                 use __private::probes::*;
///                 let known = CommandOf::<DebitAccount>::KNOWN;
///                 let returned = Returned::<Result<Receipt, DebitError>>::SHAPE;
///                 let failure = (&&&&returned.error()).failure();
///                 let shared = CallWith::<((), Context)>::CALLER.of(SetOf::<Self>::SHARED);
///                 shared.call(
///                     (set, invocation),
///                     move |set, command, ((), parameter_1)| {
///                         shared.future(Self::debit(set, command, parameter_1))
///                     },
///                     known.conclusion(returned, failure),
///                 )
///             },
///         },
///     ];
///
///     fn bind(set: &Arc<Self>, method: SetCall<Self>) -> Callable {
///         SetOf::<Self>::SHARED.bind(set, method)
///     }
/// }
/// const _: () = refuse_second_of_set(<Payments as HandlerSet>::ENTRIES, "payments::Payments::debit");    // and so on
/// inventory::submit! { LinkedSet::of::<Payments>("Payments") }
/// ```
///
/// As for functions, each bound is demanded once: that of the type by `bind`, at the type, and that of the future of a
/// method by `future`, at its name. The checks are items, because `cargo check` evaluates those.
pub(super) fn expand(model: &SetModel) -> TokenStream {
    let SetModel { krate, self_type, name, cfgs, handlers } = model;
    let entries = handlers.iter().map(|handling| {
        let cfgs = &handling.cfgs;
        let call = call(krate, handling);
        let entry = entry(krate, handling, &path(name, handling), &call);
        quote!(#(#cfgs)* #entry)
    });
    let checks = handlers.iter().skip(1).map(|handling| {
        let path = path(name, handling);
        let entries = quote!(<#self_type as #krate::handler::HandlerSet>::ENTRIES);
        let span = handling.command.span();
        let check = written_at(span, quote!(#krate::__private::refuse_second_of_set));
        let check = quote_spanned!(span=> #check(#entries, ::core::concat!(::core::module_path!(), #path)));
        let own = &handling.cfgs;
        quote!(#(#cfgs)* #(#own)* const _: () = #check;)
    });
    let bind = written_at(self_type.span(), quote!(bind));
    let bind = quote! {{
        use #krate::__private::probes::*;
        #krate::__private::SetOf::<Self>::SHARED.#bind(set, method)
    }};
    let set = implementation(krate, cfgs, self_type, &quote!(#(#entries),*), &bind);
    let linked = quote! {
        #(#cfgs)*
        #krate::__private::inventory::submit! {
            #krate::__private::LinkedSet::of::<#self_type>(#name)
        }
    };
    quote!(#set #(#checks)* #linked)
}

/// The path of a handler within its module, for `concat!`.
fn path(name: &str, handling: &Handling) -> String {
    format!("::{name}::{}", handling.ident.unraw())
}

fn call(krate: &CratePath, handling: &Handling) -> TokenStream {
    let ident = &handling.ident;
    let Call { known, caller, pattern, names, conclusion } = Call::of(krate, handling);
    let [set, invocation, shared, command] = ["set", "invocation", "shared", "command"].map(hidden);
    // A future that is not Send is reported at this call.
    let future = written_at(ident.span(), quote!(future));
    let method = quote_spanned! {ident.span()=>
        move |#set, #command, #pattern| #shared.#future(Self::#ident(#set, #command #(, #names)*))
    };
    quote! {
        |#set, #invocation| {
            #known
            let #shared = #caller.of(#krate::__private::SetOf::<Self>::SHARED);
            #shared.call((#set, #invocation), #method, #conclusion)
        }
    }
}

/// What is left of a set after a mistake: a worker can still be given it.
pub(super) fn fallback(krate: &CratePath, block: &ImplBlock) -> TokenStream {
    let is_generic = !block.generics.params.is_empty() || elided(&block.self_type).is_some();
    if is_generic || block.type_name().is_none() {
        return TokenStream::new();
    }
    refused(krate, &cfgs(&block.attributes), &block.self_type)
}

/// For an attribute that was put on the type itself.
pub(super) fn fallback_of_type(krate: &CratePath, item: &DeriveInput) -> TokenStream {
    if item.generics.params.is_empty() { refused(krate, &cfgs(&item.attrs), &item.ident) } else { TokenStream::new() }
}

fn refused(krate: &CratePath, cfgs: &[Attribute], self_type: &impl ToTokens) -> TokenStream {
    let bind = quote!({
        let _ = (set, method);
        #krate::__private::REFUSED_METHOD
    });
    implementation(krate, cfgs, self_type, &TokenStream::new(), &bind)
}

fn implementation(
    krate: &CratePath,
    cfgs: &[Attribute],
    self_type: &impl ToTokens,
    entries: &TokenStream,
    bind: &TokenStream,
) -> TokenStream {
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::handler::HandlerSet for #self_type {
            const ENTRIES: &'static [#krate::handler::SetEntry<Self>] = &[#entries];

            fn bind(
                set: &::std::sync::Arc<Self>,
                method: #krate::handler::SetCall<Self>,
            ) -> #krate::handler::Callable #bind
        }
    }
}
