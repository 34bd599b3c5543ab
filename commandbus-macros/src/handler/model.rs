//! What is meant by `#[handler]` on a function, and by `#[handler_set]` on an `impl`.

use quote::ToTokens;
use syn::{Attribute, GenericArgument, Meta, PathArguments, Type, Visibility, ext::IdentExt};

use super::{
    args::HandlerArgs,
    handling::{Handling, Kind},
};
use crate::{
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, err},
    impl_block::{ImplBlock, Member},
    signature::Function,
};

pub(super) struct HandlerModel {
    pub(super) krate: CratePath,
    pub(super) visibility: Visibility,
    pub(super) handling: Handling,
}

impl HandlerModel {
    pub(super) fn new(args: HandlerArgs, function: &Function, mut errors: Diagnostics) -> Result<Self, Diagnostics> {
        let handling = Handling::new(Kind::Function, &function.attributes, &function.signature, &mut errors);
        let visibility = function.visibility.clone();
        errors.or(|| Some(Self { krate: args.krate, visibility, handling: handling? }))
    }
}

pub(super) struct SetModel {
    pub(super) krate: CratePath,
    pub(super) self_type: Type,
    /// As it is called in messages.
    pub(super) name: String,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) handlers: Vec<Handling>,
}

impl SetModel {
    /// `marked` are the members with `#[handler]`.
    pub(super) fn new(
        args: HandlerArgs,
        block: &ImplBlock,
        marked: &[usize],
        mut errors: Diagnostics,
    ) -> Result<Self, Diagnostics> {
        errors.keep(check_block(block));
        if marked.is_empty() && errors.is_empty() {
            let rule = "this `impl` has no handler: write `#[handler]` on the methods that are";
            errors.push(err!(&block.self_type, "{rule}"));
        }
        let mut handlers = Vec::new();
        for member in marked.iter().map(|index| &block.members[*index]) {
            if let Some(method) = &member.method {
                handlers.extend(Handling::new(Kind::Method, &member.attributes, &method.signature, &mut errors));
            }
        }
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                self_type: block.self_type.clone(),
                name: block.type_name()?.unraw().to_string(),
                cfgs: cfgs(&block.attributes),
                handlers,
            })
        })
    }
}

fn check_block(block: &ImplBlock) -> syn::Result<()> {
    if let Some(of_trait) = &block.of_trait {
        return Err(err!(
            of_trait,
            "`#[handler_set]` goes on an `impl` of the type itself, not on one of a trait: the handlers are methods of its \
             own"
        ));
    }
    if block.type_name().is_none() {
        return Err(err!(&block.self_type, "`#[handler_set]` goes on an `impl` of a struct or an enum"));
    }
    let rule = "a set of handlers is one concrete type: it has no generic parameters and no lifetimes";
    if !block.generics.params.is_empty() {
        return Err(err!(&block.generics, "{rule}"));
    }
    elided(&block.self_type).map_or(Ok(()), |lifetime| Err(err!(lifetime, "{rule}")))
}

/// The lifetime in `Payments<'_>`.
pub(super) fn elided(self_type: &Type) -> Option<impl ToTokens> {
    let Type::Path(path) = self_type else { return None };
    let arguments = path.path.segments.iter().filter_map(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    });
    arguments.flatten().find_map(|argument| match argument {
        GenericArgument::Lifetime(lifetime) if lifetime.ident == "_" => Some(lifetime.clone()),
        _ => None,
    })
}

/// Takes `#[handler]` off the members; returns the places of those that had it.
pub(super) fn take_marks(block: &mut ImplBlock, errors: &mut Diagnostics) -> Vec<usize> {
    let mut marked = Vec::new();
    for (index, member) in block.members.iter_mut().enumerate() {
        let marks = take_ours(member);
        for (number, mark) in marks.iter().enumerate() {
            errors.keep(check_mark(mark, number, member));
        }
        if !marks.is_empty() {
            marked.push(index);
        }
    }
    marked
}

fn take_ours(member: &mut Member) -> Vec<Attribute> {
    let is_ours = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "handler");
    let (ours, others) = member.attributes.drain(..).partition(is_ours);
    member.attributes = others;
    ours
}

fn check_mark(mark: &Attribute, number: usize, member: &Member) -> syn::Result<()> {
    if member.method.is_none() {
        return Err(err!(mark, "`#[handler]` goes on a method"));
    }
    if number > 0 {
        return Err(err!(mark, "`#[handler]` is given twice"));
    }
    let rule = "`#[handler]` takes no arguments in a set: `crate = ..` goes on `#[handler_set]`";
    match &mark.meta {
        Meta::Path(_) => Ok(()),
        Meta::List(list) if list.tokens.is_empty() => Ok(()),
        Meta::List(list) => Err(err!(&list.tokens, "{rule}")),
        Meta::NameValue(_) => Err(err!(mark, "{rule}")),
    }
}
