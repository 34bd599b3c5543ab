//! What the methods of a process look like: the rules of their signatures.

use quote::ToTokens;
use syn::{FnArg, ReturnType, Type};

use crate::{
    diagnostics::{Diagnostics, err},
    impl_block::{Member, Method},
    signature::is_reference,
};

/// What `next` takes and returns, as it is written.
pub(super) struct Asking {
    pub(super) done: Type,
    pub(super) answer: Type,
}

/// The type that `a step` or `an undo` returns: the command it sends.
pub(super) fn command(what: &str, member: &Member, method: &Method, errors: &mut Diagnostics) -> Option<Type> {
    check_plain(what, member, method, errors);
    check_receiver(what, "reads the process", method, false, errors);
    if let Some(first) = parameters(method).first() {
        errors.push(err!(
            first,
            "{what} takes nothing but `&self`: what it needs is in the state of the process, where `#[on(..)]` puts what a \
             reply said"
        ));
    }
    let ident = &method.signature.ident;
    match &method.signature.output {
        ReturnType::Type(_, ty) => errors.keep(unwrapped(what, ty).and_then(|ty| named(what, ty))),
        ReturnType::Default => {
            errors.push(err!(ident, "{what} returns the command it sends: write its type, `fn {ident}(&self) -> ..`"));
            None
        }
    }
}

/// A command, not one that may be missing.
fn unwrapped<'a>(what: &str, ty: &'a Type) -> syn::Result<&'a Type> {
    let Type::Path(path) = ty else { return Ok(ty) };
    match path.path.segments.last() {
        // A command has no parameters, so this is the one of `std`.
        Some(last) if last.arguments.is_none() => Ok(ty),
        Some(last) if last.ident == "Option" => Err(err!(
            ty,
            "{what} always sends its command, so it returns no `Option`: to skip a step is for `next` to say"
        )),
        Some(last) if last.ident == "Result" => Err(err!(
            ty,
            "{what} only says what to send, so it returns no `Result`: what may go wrong is for the handler of its command"
        )),
        _ => Ok(ty),
    }
}

/// The type of the reply that a method with `#[on(..)]` takes.
pub(super) fn learning(member: &Member, method: &Method, errors: &mut Diagnostics) -> Option<Type> {
    const WHAT: &str = "`#[on]`";
    check_plain(WHAT, member, method, errors);
    check_receiver(WHAT, "changes the process", method, true, errors);
    if let ReturnType::Type(_, ty) = &method.signature.output
        && !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty())
    {
        errors.push(err!(ty, "`#[on]` changes the process and returns nothing: what follows is for `next` to say"));
    }
    let reply = only_parameter(
        method,
        "`#[on]` takes the reply of its step, `(&mut self, reply: ..)`, which is `()` for a command that declares none",
        errors,
    )?;
    errors.keep(named(WHAT, reply))
}

/// What `next` takes and returns; `steps` is the name of the enum.
pub(super) fn asking(steps: &str, member: &Member, method: &Method, errors: &mut Diagnostics) -> Option<Asking> {
    const WHAT: &str = "`next`";
    let form = format!("write `fn next(&self, done: {steps}) -> Next<{steps}>`");
    check_plain(WHAT, member, method, errors);
    check_receiver(WHAT, "reads the process", method, false, errors);
    let done = only_parameter(method, &format!("`next` takes the step that is done: {form}"), errors);
    let answer = match &method.signature.output {
        ReturnType::Type(_, ty) => errors.keep(named(WHAT, ty)),
        ReturnType::Default => {
            errors.push(err!(&method.signature.ident, "`next` says what follows a step: {form}"));
            None
        }
    };
    let done = errors.keep(named(WHAT, done?))?;
    Some(Asking { done, answer: answer? })
}

/// What holds for every method that the table calls.
fn check_plain(what: &str, member: &Member, method: &Method, errors: &mut Diagnostics) {
    let signature = &method.signature;
    for cfg in member.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        errors.push(err!(
            cfg,
            "a process may outlive the build that started it, so its table is the same in all of them: put `#[cfg]` on \
             the whole `impl`"
        ));
    }
    if let Some(token) = &signature.asyncness {
        errors.push(err!(token, "{what} waits for nothing, for the process is locked meanwhile: remove `async`"));
    }
    if !signature.safety.to_token_stream().is_empty() {
        errors.push(err!(&signature.safety, "{what} cannot be `unsafe`: the router calls it"));
    }
    if !signature.generics.params.is_empty() {
        errors.push(err!(
            &signature.generics,
            "{what} stands in a static table: it has no generic parameters and no lifetimes"
        ));
    }
}

fn check_receiver(what: &str, does: &str, method: &Method, mutable: bool, errors: &mut Diagnostics) {
    let ident = &method.signature.ident;
    let needed = if mutable { "&mut self" } else { "&self" };
    match method.signature.receiver() {
        None => errors.push(err!(ident, "{what} {does}: `fn {ident}` takes `{needed}` first")),
        Some(receiver) if is_reference(receiver, mutable) => {}
        Some(receiver) => errors.push(err!(receiver, "{what} {does}: write `{needed}`")),
    }
}

/// The parameters after the receiver.
fn parameters(method: &Method) -> Vec<&syn::PatType> {
    let inputs = method.signature.inputs.iter();
    let typed = inputs.filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    typed.collect()
}

fn only_parameter<'a>(method: &'a Method, rule: &str, errors: &mut Diagnostics) -> Option<&'a Type> {
    match parameters(method).as_slice() {
        [only] => Some(&*only.ty),
        [] => {
            errors.push(err!(&method.signature.ident, "{rule}"));
            None
        }
        [_, second, ..] => {
            errors.push(err!(second, "{rule}"));
            None
        }
    }
}

/// A type that the table can name.
fn named(what: &str, ty: &Type) -> syn::Result<Type> {
    match ty {
        Type::ImplTrait(_) => Err(err!(ty, "{what} stands in a static table: write the type itself")),
        Type::Reference(reference) => {
            let owned = &reference.elem;
            Err(err!(ty, "{what} borrows nothing: write `{}` without `&`", owned.to_token_stream()))
        }
        _ => Ok(ty.clone()),
    }
}
