//! The list of steps: which methods it names, in which groups.

use proc_macro2::Span;
use syn::{Ident, ext::IdentExt};

use super::args::{Entry, StepList};
use crate::{
    diagnostics::{Diagnostics, did_you_mean, err},
    impl_block::ImplBlock,
};

/// Names that mean something else on a process.
const TAKEN: [(&str, &str); 3] =
    [("start", "starts a process"), ("batch", "starts many processes"), ("next", "says what follows a step")];

/// A step as it is listed.
pub(super) struct Listed<'a> {
    /// As it stands in the list.
    pub(super) written: &'a Ident,
    pub(super) group: usize,
    /// The name of the method that it is, or was meant to be.
    pub(super) name: String,
    /// Its method among the members; `None` for one that the `impl` does not have.
    pub(super) member: Option<usize>,
    /// The variant that stands for it, unless its name makes none.
    pub(super) variant: Option<Ident>,
}

/// Every step of the list once.
pub(super) fn listed<'a>(list: &'a StepList, block: &ImplBlock) -> Vec<Listed<'a>> {
    let places = || list.entries.iter().enumerate();
    let all = || places().flat_map(|(group, entry)| entry.steps().into_iter().map(move |step| (group, step)));
    let names: Vec<String> = all().map(|(_, step)| step.unraw().to_string()).collect();
    let methods: Vec<String> = block.methods().map(|(_, method)| method.name()).collect();
    let free = || methods.iter().map(String::as_str).filter(|method| !names.iter().any(|name| name == method));

    let mut steps: Vec<Listed<'a>> = Vec::new();
    for (group, written) in all() {
        let spelt = written.unraw().to_string();
        let member = block.members.iter().position(|member| member.name().as_deref() == Some(&spelt));
        let meant = if member.is_none() { did_you_mean(&spelt, free()) } else { None };
        let name = meant.map_or(spelt, ToOwned::to_owned);
        if steps.iter().all(|step| step.name != name) {
            let variant = variant(&name, written.span());
            steps.push(Listed { written, group, name, member, variant });
        }
    }
    steps
}

/// Every rule of the list itself.
pub(super) fn check(list: &StepList, steps: &[Listed<'_>], type_name: &Ident, errors: &mut Diagnostics) {
    if list.entries.is_empty() {
        errors.push(syn::Error::new(list.span, "a process has at least one step: write `steps = [reserve]`"));
    }
    for entry in &list.entries {
        check_tuple(entry, errors);
    }
    check_twice(list, errors);
    for step in steps {
        let Listed { written, name, .. } = step;
        if let Some((_, does)) = TAKEN.iter().find(|(taken, _)| name == taken) {
            let path = if name == "next" { String::new() } else { format!("{type_name}::") };
            errors.push(err!(
                written,
                "a step cannot be named `{name}`, for `{path}{name}` {does}: give it another name"
            ));
        } else if step.member.is_none() {
            let meant = if *written == name.as_str() { String::new() } else { format!(", did you mean `{name}`?") };
            errors.push(err!(
                written,
                "this `impl` has no method `{written}`{meant}\n\
                 a step is a method that returns the command it sends: `fn {name}(&self) -> ..`"
            ));
        }
    }
    check_variants(steps, errors);
}

fn check_tuple(entry: &Entry, errors: &mut Diagnostics) {
    let Entry::Tuple(parentheses, members) = entry else { return };
    let rule = "steps in parentheses are sent together and waited for together";
    match members.as_slice() {
        [] => errors.push(syn::Error::new(parentheses.span.join(), format!("{rule}: name at least two"))),
        [Entry::Step(only)] => errors.push(syn::Error::new(
            parentheses.span.join(),
            format!("{rule}: for one step write `{only}` without them"),
        )),
        _ => {}
    }
    for member in members {
        if let Entry::Tuple(inner, _) = member {
            errors.push(syn::Error::new(inner.span.join(), format!("{rule}: there is no order in them to group by")));
        }
    }
}

fn check_twice(list: &StepList, errors: &mut Diagnostics) {
    let mut known = Vec::new();
    for step in list.entries.iter().flat_map(Entry::steps) {
        let name = step.unraw();
        if known.contains(&name) {
            errors.push(err!(step, "`{name}` is listed twice: to repeat a step, return `Next::Step` from `next`"));
        }
        known.push(name);
    }
}

fn check_variants(steps: &[Listed<'_>], errors: &mut Diagnostics) {
    let mut known: Vec<(&Ident, &str)> = Vec::new();
    for Listed { written, name, variant, .. } in steps {
        let Some(variant) = variant else {
            errors.push(err!(
                written,
                "a variant of an enum is named after each step, and `{name}` makes no name for one"
            ));
            continue;
        };
        if let Some((_, other)) = known.iter().find(|(known, _)| *known == variant) {
            errors.push(err!(
                written,
                "`{name}` and `{other}` would both be the variant `{variant}`: rename one of them"
            ));
        }
        known.push((variant, name));
    }
}

/// `reserve_funds` as `ReserveFunds`, if that is a name.
pub(super) fn variant(name: &str, span: Span) -> Option<Ident> {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    let mut ident = syn::parse_str::<Ident>(&words.collect::<String>()).ok()?;
    ident.set_span(span);
    Some(ident)
}
