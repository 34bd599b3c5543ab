//! What is left of a process after a mistake: it is still a process, so that its other uses are no mistakes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{DeriveInput, Type};

use super::{
    args::ProcessArgs,
    expand::step_enum,
    model::StepEnum,
    steps::{listed, variant},
};
use crate::{arguments::Written, attribute::cfgs, crate_path::CratePath, impl_block::ImplBlock};

pub(super) struct Fallback {
    krate: CratePath,
    cfgs: Vec<syn::Attribute>,
    self_type: Type,
    is_generic: bool,
    step_enum: StepEnum,
}

impl Fallback {
    /// `None` where nothing can be named.
    pub(super) fn of_block(args: &ProcessArgs, block: &ImplBlock) -> Option<Self> {
        let type_name = block.type_name()?;
        let names: Vec<String> = match &args.steps {
            Written::As(list) => listed(list, block).into_iter().map(|step| step.name).collect(),
            // Whatever is a step, it is a method.
            _ => block.methods().map(|(_, method)| method.name()).collect(),
        };
        Some(Self {
            krate: args.krate.clone(),
            cfgs: cfgs(&block.attributes),
            self_type: block.self_type.clone(),
            is_generic: block.parameters().is_some(),
            step_enum: enum_of(type_name, names),
        })
    }

    /// For an attribute that was put on the type itself.
    pub(super) fn of_type(args: &ProcessArgs, item: &DeriveInput) -> Self {
        let names: Vec<String> = match &args.steps {
            Written::As(list) => {
                let steps = list.entries.iter().flat_map(super::args::Entry::steps);
                steps.map(|step| syn::ext::IdentExt::unraw(step).to_string()).collect()
            }
            _ => Vec::new(),
        };
        let ident = &item.ident;
        Self {
            krate: args.krate.clone(),
            cfgs: cfgs(&item.attrs),
            self_type: syn::parse_quote!(#ident),
            is_generic: !item.generics.params.is_empty(),
            step_enum: enum_of(ident, names),
        }
    }

    pub(super) fn expand(&self) -> TokenStream {
        let Self { krate, cfgs, self_type, step_enum: steps, .. } = self;
        let ident = &steps.ident;
        let mut tokens = step_enum(krate, cfgs, steps);
        if !self.is_generic {
            quote! {
                #(#cfgs)*
                #[automatically_derived]
                impl #krate::process::Process for #self_type {
                    type Step = #ident;
                    const SPEC: &'static #krate::process::ProcessSpec<Self> = &#krate::__private::refused_process();
                }
            }
            .to_tokens(&mut tokens);
        }
        tokens
    }
}

fn enum_of(type_name: &syn::Ident, names: Vec<String>) -> StepEnum {
    let mut variants = Vec::new();
    for name in names {
        if let Some(variant) = variant(&name, type_name.span())
            && variants.iter().all(|(known, _)| *known != variant)
        {
            variants.push((variant, name));
        }
    }
    StepEnum { ident: StepEnum::ident_of(type_name), of: type_name.to_string(), variants }
}
