//! What the signature of a handler says: every rule of `#[handler]` that needs no types.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, FnArg, GenericArgument, Ident, PathArguments, ReturnType, Signature, Type, spanned::Spanned};

use crate::{
    attribute::cfgs,
    diagnostics::{Diagnostics, err},
    signature::is_reference,
};

/// What only follows a command.
const OUR_PARAMETERS: [&str; 3] = ["Context", "State", "Tx"];

/// Where a handler stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    /// In a set.
    Method,
}

/// What one handler handles, and how.
pub(super) struct Handling {
    pub(super) ident: Ident,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) command: Type,
    pub(super) parameters: Vec<Type>,
    pub(super) returns: Returns,
}

/// The written return type, and where its parts stand: what is wrong with one of them is reported there.
pub(super) struct Returns {
    pub(super) written: Type,
    pub(super) reply: Span,
    pub(super) error: Span,
}

impl Handling {
    /// `None` only with a mistake.
    pub(super) fn new(
        kind: Kind,
        attributes: &[Attribute],
        signature: &Signature,
        errors: &mut Diagnostics,
    ) -> Option<Self> {
        check_qualifiers(signature, errors);
        check_receiver(kind, signature, errors);
        let types = types_of(signature, errors);
        check_parameters(kind, signature, &types, errors);
        let returns = errors.keep(returns(signature));
        let mut types = types.into_iter().cloned();
        Some(Self {
            ident: signature.ident.clone(),
            cfgs: cfgs(attributes),
            command: types.next()?,
            parameters: types.collect(),
            returns: returns?,
        })
    }
}

fn check_qualifiers(signature: &Signature, errors: &mut Diagnostics) {
    let ident = &signature.ident;
    if signature.asyncness.is_none() {
        errors.push(err!(signature.fn_token, "a handler is async: write `async fn {ident}`"));
    }
    if let Some(token) = &signature.constness {
        errors.push(err!(token, "a handler cannot be `const`"));
    }
    if !signature.safety.to_token_stream().is_empty() {
        errors.push(err!(&signature.safety, "a handler cannot be `unsafe`: the worker calls it"));
    }
    if let Some(abi) = &signature.abi {
        errors.push(err!(abi, "a handler is an ordinary Rust function: leave the ABI out"));
    }
    if !signature.generics.params.is_empty() {
        errors.push(err!(
            &signature.generics,
            "a handler handles one concrete command: it has no generic parameters and no lifetimes"
        ));
    }
}

fn check_receiver(kind: Kind, signature: &Signature, errors: &mut Diagnostics) {
    let ident = &signature.ident;
    match (kind, signature.receiver()) {
        (Kind::Function, Some(receiver)) => errors.push(err!(
            receiver,
            "a handler with `self` is one of a set, whose fields are what it needs: put `#[handler_set]` on the `impl`"
        )),
        // One without anything has another message.
        (Kind::Method, None) if !signature.inputs.is_empty() => {
            errors.push(err!(ident, "a handler of a set shares its fields: `async fn {ident}` takes `&self` first"));
        }
        (Kind::Method, Some(receiver)) if !is_reference(receiver, false) => {
            errors.push(err!(receiver, "all calls of a set share it, at the same time: write `&self`"));
        }
        _ => {}
    }
}

/// The types of the parameters, each of which must be owned.
fn types_of<'a>(signature: &'a Signature, errors: &mut Diagnostics) -> Vec<&'a Type> {
    let mut types = Vec::new();
    for input in &signature.inputs {
        let parameter = match input {
            FnArg::Receiver(_) => continue,
            FnArg::Typed(parameter) => parameter,
        };
        match &*parameter.ty {
            Type::Reference(reference) => {
                let owned = reference.elem.to_token_stream();
                let borrow = if reference.mutability.is_some() { "&mut" } else { "&" };
                errors.push(err!(reference, "a handler owns its parameters: write `{owned}` without `{borrow}`"));
            }
            Type::ImplTrait(ty) => {
                errors.push(err!(ty, "a handler handles one concrete command: write the type itself"));
            }
            _ => {}
        }
        types.push(&*parameter.ty);
    }
    types
}

fn check_parameters(kind: Kind, signature: &Signature, types: &[&Type], errors: &mut Diagnostics) {
    let ident = &signature.ident;
    match types.first() {
        None if kind == Kind::Method => errors.push(err!(
            ident,
            "a handler takes its command first: write `async fn {ident}(&self, command: DebitAccount)`"
        )),
        // A receiver has its own message.
        None if signature.inputs.is_empty() => errors
            .push(err!(ident, "a handler takes its command first: write `async fn {ident}(command: DebitAccount)`")),
        Some(first) if last_segment(first).is_some_and(|last| OUR_PARAMETERS.iter().any(|ours| last == ours)) => {
            errors.push(err!(first, "a handler takes its command first, before everything else"));
        }
        _ => {}
    }
    let mut transactions = types.iter().skip(1).filter(|ty| last_segment(ty).is_some_and(|last| last == "Tx"));
    transactions.next();
    for second in transactions {
        errors.push(err!(
            second,
            "a command is settled in one transaction, and a handler takes it once: remove this `Tx`"
        ));
    }
}

fn returns(signature: &Signature) -> syn::Result<Returns> {
    let ReturnType::Type(_, written) = &signature.output else {
        let span = signature.ident.span();
        return Ok(Returns { written: syn::parse_quote_spanned!(span=> ()), reply: span, error: span });
    };
    if let Type::ImplTrait(ty) = &**written
        // Else this is what an async function would return.
        && signature.asyncness.is_some()
    {
        return Err(err!(ty, "a handler names what it returns: write the type of the reply, or `Result<reply, E>`"));
    }
    let [reply, error] = arguments_of_result(written);
    Ok(Returns {
        written: (**written).clone(),
        reply: reply.map_or_else(|| written.span(), Spanned::span),
        error: error.map_or_else(|| written.span(), Spanned::span),
    })
}

/// `R` and `E` as far as they are written, for a path that ends in `Result`.
fn arguments_of_result(written: &Type) -> [Option<&Type>; 2] {
    let Type::Path(path) = written else { return [None, None] };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else { return [None, None] };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return [None, None] };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    [types.next(), types.next()]
}

fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}
