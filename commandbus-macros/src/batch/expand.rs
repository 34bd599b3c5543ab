//! Writes a batch out.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, DeriveInput, Ident, Type, spanned::Spanned};

use super::{args::BatchArgs, model::BatchModel};
use crate::{attribute::cfgs, crate_path::CratePath, spans::written_at};

/// Expands to:
///
/// ```text
/// impl ::commandbus::bus::BatchKind for Settlement {
///     const DOMAIN: &'static Domain = __private::domain_of(CommandOf::<DebitAccount>::SPEC);
/// }
/// impl BatchMember<Settlement> for DebitAccount {}
/// impl BatchMember<Settlement> for CreditAccount {}
/// const _: () = refuse_other_domain(CommandOf::<CreditAccount>::SPEC, CommandOf::<DebitAccount>::SPEC);
/// ```
///
/// That a type is a command is demanded once, by `BatchMember`; `SPEC` is `None` for one that is none. The checks are
/// items, because `cargo check` evaluates those.
pub(super) fn expand(model: &BatchModel) -> TokenStream {
    let BatchModel { krate, ident, cfgs, first, others } = model;
    let spec = |member: &Type| quote!(#krate::__private::CommandOf::<#member>::SPEC);
    let first_spec = spec(first);
    let kind = kind(krate, cfgs, ident, &quote!(#krate::__private::domain_of(#first_spec)));
    let members = std::iter::once(first).chain(others).map(|one| self::member(krate, cfgs, ident, one));
    let checks = others.iter().map(|other| {
        let spec = spec(other);
        let check = written_at(other.span(), quote!(#krate::__private::refuse_other_domain));
        let check = quote_spanned!(other.span()=> #check(#spec, #first_spec));
        quote! {
            #(#cfgs)*
            const _: () = {
                use #krate::__private::FallbackSpec as _;
                #check
            };
        }
    });
    quote!(#kind #(#members)* #(#checks)*)
}

/// What is left of a batch after a mistake: its commands can still be pushed.
pub(super) fn fallback(args: &BatchArgs, item: &DeriveInput) -> TokenStream {
    if !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    let (krate, ident, cfgs) = (&args.krate, &item.ident, cfgs(&item.attrs));
    let kind = kind(krate, &cfgs, ident, &quote!(&#krate::__private::REFUSED.domain));
    let repeated: Vec<&Type> = super::model::repeated(&args.members).collect();
    let once = args.members.iter().filter(|member| !repeated.iter().any(|repeated| std::ptr::eq(*repeated, *member)));
    let members = once.map(|one| member(krate, &cfgs, ident, one));
    quote!(#kind #(#members)*)
}

fn kind(krate: &CratePath, cfgs: &[Attribute], ident: &Ident, domain: &TokenStream) -> TokenStream {
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::bus::BatchKind for #ident {
            const DOMAIN: &'static #krate::message::Domain = {
                use #krate::__private::FallbackSpec as _;
                #domain
            };
        }
    }
}

fn member(krate: &CratePath, cfgs: &[Attribute], ident: &Ident, member: &Type) -> TokenStream {
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #krate::bus::BatchMember<#ident> for #member {}
    }
}
