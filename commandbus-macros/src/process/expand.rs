//! Writes a process out.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, spanned::Spanned};

use super::model::{ProcessModel, Sending, StepEnum, StepModel};
use crate::{crate_path::CratePath, duration::constant};

/// Expands to:
///
/// ```text
/// pub enum TransferStep { Reserve, Debit }
/// impl Step for TransferStep { .. }
///
/// impl ::commandbus::process::Process for Transfer {
///     type Step = TransferStep;
///     const SPEC: &'static ProcessSpec<Self> = {
///         use __private::probes::*;
///         &ProcessSpec::new("transfers", "Transfer", const { &[
///             StepSpec::new("reserve", 0, Action::new::<ReserveFunds>(|process| {
///                 CommandOf::<ReserveFunds>::KNOWN.prepare(&Self::reserve(process))
///             }))
///             .with_on(|process, reply| {
///                 let command = CommandOf::<ReserveFunds>::KNOWN;
///                 command.learn::<FundsReserved>(reply).map(|reply| Self::reserved(process, reply))
///             })
///             .with_undo(..),
///         ] })
///         .with_next(|process, done| {
///             __private::next::<Self, TransferStep, Next<TransferStep>>(done, |done| Self::next(process, done))
///         })
///     };
/// }
/// inventory::submit! { ProcessEntry::of::<Transfer>(file!(), line!()) }
/// ```
///
/// That a type is a command is demanded once, by `Action::new`, and that one is the reply of a command once, by
/// `learn`, each at the type as it is written; everything else asks without demanding.
pub(super) fn expand(model: &ProcessModel) -> TokenStream {
    let ProcessModel { krate, self_type, cfgs, domain, name, .. } = model;
    let steps = step_enum(krate, cfgs, &model.step_enum);
    let ident = &model.step_enum.ident;
    let table = model.steps.iter().map(|step| self::step(krate, step));
    let options = options(model);
    quote! {
        #steps

        #(#cfgs)*
        #[automatically_derived]
        impl #krate::process::Process for #self_type {
            type Step = #ident;
            const SPEC: &'static #krate::process::ProcessSpec<Self> = {
                use #krate::__private::probes::*;
                &#krate::process::ProcessSpec::new(#domain, #name, const { &[#(#table),*] })#options
            };
        }

        #(#cfgs)*
        #krate::__private::inventory::submit! {
            #krate::process::ProcessEntry::of::<#self_type>(::core::file!(), ::core::line!())
        }
    }
}

/// The enum of the steps, which may have none after a mistake.
pub(super) fn step_enum(krate: &CratePath, cfgs: &[Attribute], steps: &StepEnum) -> TokenStream {
    let StepEnum { ident, of, variants } = steps;
    let doc = format!(" The steps of `{of}`.");
    let names: Vec<_> = variants.iter().map(|(variant, _)| variant).collect();
    let docs = variants.iter().map(|(_, name)| format!(" The step `{name}`."));
    let index = if variants.is_empty() { quote!(match self {}) } else { quote!(self as usize) };
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[derive(
            ::core::fmt::Debug,
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        #[allow(clippy::exhaustive_enums)]
        pub enum #ident {
            #(#[doc = #docs] #names,)*
        }

        #(#cfgs)*
        #[automatically_derived]
        impl #krate::process::Step for #ident {
            const ALL: &'static [Self] = &[#(Self::#names),*];

            fn index(self) -> usize {
                #index
            }
        }
    }
}

fn step(krate: &CratePath, step: &StepModel) -> TokenStream {
    let StepModel { name, sends, aliases, timeout, .. } = step;
    let group = Literal::usize_unsuffixed(step.group);
    let action = action(krate, sends);
    let mut calls = quote!(#krate::process::StepSpec::new(#name, #group, #action));
    if !aliases.is_empty() {
        calls.extend(quote!(.with_aliases(&[#(#aliases),*])));
    }
    if let Some(timeout) = timeout.map(constant) {
        calls.extend(quote!(.with_timeout(#timeout)));
    }
    if let Some((method, reply)) = &step.on {
        let command = known(krate, sends);
        let learn = quote_spanned!(reply.span()=> learn);
        calls.extend(quote! {
            .with_on(|process, reply| {
                #command.#learn::<#reply>(reply).map(|reply| Self::#method(process, reply))
            })
        });
    }
    if let Some(undo) = &step.undo {
        let action = self::action(krate, undo);
        calls.extend(quote!(.with_undo(#action)));
    }
    calls
}

fn action(krate: &CratePath, sends: &Sending) -> TokenStream {
    let Sending { method, command } = sends;
    let known = known(krate, sends);
    quote!(#krate::process::Action::new::<#command>(|process| #known.prepare(&Self::#method(process))))
}

fn known(krate: &CratePath, sends: &Sending) -> TokenStream {
    let command = &sends.command;
    quote!(#krate::__private::CommandOf::<#command>::KNOWN)
}

/// The calls of the spec's builder, for what differs from its defaults.
fn options(model: &ProcessModel) -> TokenStream {
    let ProcessModel { krate, aliases, .. } = model;
    let mut calls = TokenStream::new();
    if !aliases.is_empty() {
        calls.extend(quote!(.with_aliases(&[#(#aliases),*])));
    }
    if let Some(deadline) = model.deadline.map(constant) {
        calls.extend(quote!(.with_deadline(#deadline)));
    }
    if let Some(asking) = &model.next {
        let (done, answer) = (&asking.done, &asking.answer);
        calls.extend(quote! {
            .with_next(|process, done| {
                #krate::__private::next::<Self, #done, #answer>(done, |done| Self::next(process, done))
            })
        });
    }
    calls
}
