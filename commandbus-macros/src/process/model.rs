//! What a process is meant to be: every rule of `#[process]` that needs no types.

use std::time::Duration;

use proc_macro2::Span;
use quote::format_ident;
use syn::{Attribute, Ident, LitStr, Type, ext::IdentExt};

use super::{
    args::ProcessArgs,
    marks::{Mark, Marks, StepOptions},
    methods::{self, Asking},
    steps::{self, Listed},
};
use crate::{
    arguments::Written,
    attribute::cfgs,
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean, err},
    impl_block::{ImplBlock, Method},
    rules::{check_names, domain, lasting},
};

const NO_DEADLINE: &str = "no process ends within a deadline of zero: leave `deadline` out for none";
const NO_TIMEOUT: &str = "no reply comes within a timeout of zero: leave `timeout` out for none";

pub(super) struct ProcessModel {
    pub(super) krate: CratePath,
    pub(super) self_type: Type,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) domain: LitStr,
    pub(super) name: LitStr,
    pub(super) aliases: Vec<LitStr>,
    pub(super) deadline: Option<Duration>,
    pub(super) step_enum: StepEnum,
    pub(super) steps: Vec<StepModel>,
    pub(super) next: Option<Asking>,
}

/// The enum of the steps.
pub(super) struct StepEnum {
    pub(super) ident: Ident,
    /// As the type of the process is called.
    pub(super) of: String,
    /// The variants with the names of the steps.
    pub(super) variants: Vec<(Ident, String)>,
}

impl StepEnum {
    pub(super) fn ident_of(type_name: &Ident) -> Ident {
        format_ident!("{}Step", type_name.unraw(), span = type_name.span())
    }
}

pub(super) struct StepModel {
    pub(super) name: String,
    pub(super) group: usize,
    pub(super) sends: Sending,
    pub(super) aliases: Vec<LitStr>,
    pub(super) timeout: Option<Duration>,
    /// The method that learns from its reply, and the type of that.
    pub(super) on: Option<(Ident, Type)>,
    pub(super) undo: Option<Sending>,
}

/// A method and the command that it returns.
pub(super) struct Sending {
    pub(super) method: Ident,
    pub(super) command: Type,
}

impl ProcessModel {
    pub(super) fn new(
        args: ProcessArgs,
        block: &ImplBlock,
        marks: Marks,
        mut errors: Diagnostics,
    ) -> Result<Self, Diagnostics> {
        let Some(type_name) = check_block(block, &mut errors) else { return Err(errors) };
        let missing =
            "a process belongs to a domain, which routes its replies: write `#[process(domain = \"transfers\", ..)]`";
        let domain = errors.keep(domain(args.domain, missing)).flatten();
        let name = args.name.unwrap_or_else(|| LitStr::new(&type_name.unraw().to_string(), type_name.span()));
        check_names("process", &name, &args.aliases, &mut errors);
        let deadline = args.deadline.and_then(|literal| errors.keep(lasting(&literal, NO_DEADLINE)));

        let list = match args.steps {
            Written::As(list) => Some(list),
            Written::Unreadable => None,
            Written::Not => {
                let missing = "a process has steps: write `steps = [..]` with the names of the methods that send them";
                errors.push(syn::Error::new(Span::call_site(), missing));
                None
            }
        };
        let listed = list.as_ref().map(|list| steps::listed(list, block));
        if let (Some(list), Some(listed)) = (&list, &listed) {
            steps::check(list, listed, type_name, &mut errors);
        }
        let ident = StepEnum::ident_of(type_name);
        let next = next(&ident, block, &marks, listed.as_deref(), &mut errors);
        let steps = Wiring { block, marks, listed: listed.as_deref(), errors: &mut errors }.steps();
        let variants = listed.iter().flatten().filter_map(|step| Some((step.variant.clone()?, step.name.clone())));
        let step_enum = StepEnum { ident, of: type_name.unraw().to_string(), variants: variants.collect() };
        errors.or(|| {
            Some(Self {
                krate: args.krate,
                self_type: block.self_type.clone(),
                cfgs: cfgs(&block.attributes),
                domain: domain?,
                name,
                aliases: args.aliases,
                deadline,
                step_enum,
                steps,
                next,
            })
        })
    }
}

/// The name of the type; `None` where everything else would only be confusing.
fn check_block<'a>(block: &'a ImplBlock, errors: &mut Diagnostics) -> Option<&'a Ident> {
    if let Some(of_trait) = &block.of_trait {
        errors.push(err!(
            of_trait,
            "`#[process]` goes on an `impl` of the type itself, not on one of a trait: the steps are methods of its own"
        ));
        return None;
    }
    let Some(name) = block.type_name() else {
        errors.push(err!(&block.self_type, "`#[process]` goes on an `impl` of a struct or an enum"));
        return None;
    };
    if let Some(parameters) = block.parameters() {
        errors.push(err!(
            parameters,
            "a process is one concrete type, for its name is stored: write a process for each type that `{name}` would \
             stand for"
        ));
    }
    Some(name)
}

/// What the method `next` takes and returns, if there is one.
fn next(
    steps: &Ident,
    block: &ImplBlock,
    marks: &Marks,
    listed: Option<&[Listed<'_>]>,
    errors: &mut Diagnostics,
) -> Option<Asking> {
    let (index, member) =
        block.members.iter().enumerate().find(|(_, member)| member.name().as_deref() == Some("next"))?;
    let is_marked = marks.on.iter().chain(&marks.undo).any(|mark| mark.member == index);
    let is_listed = listed.into_iter().flatten().any(|step| step.name == "next");
    if is_marked {
        errors.push(err!(
            &member.method.as_ref()?.signature.ident,
            "`next` says what follows a step: give the method of `#[on]` or `#[undo]` another name"
        ));
    }
    if is_marked || is_listed {
        return None;
    }
    methods::asking(&steps.to_string(), member, member.method.as_ref()?, errors)
}

/// Finds the methods of each step, and the step of each mark.
struct Wiring<'a> {
    block: &'a ImplBlock,
    marks: Marks,
    /// `None` where the list could not be read.
    listed: Option<&'a [Listed<'a>]>,
    errors: &'a mut Diagnostics,
}

impl Wiring<'_> {
    fn steps(mut self) -> Vec<StepModel> {
        let options = std::mem::take(&mut self.marks.options);
        let mut steps = self.sending_steps();
        self.set_options(options, &mut steps);
        self.set_learning(&mut steps);
        self.set_undo(&mut steps);
        steps.into_iter().flatten().collect()
    }

    fn method(&self, member: usize) -> Option<&Method> {
        self.block.members[member].method.as_ref()
    }

    /// In the order of the list; `None` in place of one that is wrong.
    fn sending_steps(&mut self) -> Vec<Option<StepModel>> {
        let mut steps = Vec::new();
        for listed in self.listed.unwrap_or_default() {
            let learns = self.marks.on.iter().any(|mark| listed.member == Some(mark.member));
            // Has its own message.
            let member = listed.member.filter(|_| !learns && listed.name != "next");
            let sends = member.and_then(|member| self.sending("a step", member));
            steps.push(sends.map(|sends| StepModel {
                name: listed.name.clone(),
                group: listed.group,
                sends,
                aliases: Vec::new(),
                timeout: None,
                on: None,
                undo: None,
            }));
        }
        steps
    }

    fn sending(&mut self, what: &str, member: usize) -> Option<Sending> {
        let method = self.block.members[member].method.as_ref()?;
        let command = methods::command(what, &self.block.members[member], method, self.errors)?;
        Some(Sending { method: method.signature.ident.clone(), command })
    }

    fn set_options(&mut self, options: Vec<StepOptions>, steps: &mut [Option<StepModel>]) {
        let Some(listed) = self.listed else { return };
        let mut names: Vec<String> = listed.iter().map(|step| step.name.clone()).collect();
        let mut seen = Vec::new();
        for given in options {
            let name = self.method(given.member).map(Method::name).unwrap_or_default();
            let Some(at) = listed.iter().position(|step| step.name == name) else {
                self.errors.push(err!(&given.attribute, "`{name}` is not a step: add it to `steps = [..]`"));
                continue;
            };
            if seen.contains(&at) {
                self.errors.push(err!(&given.attribute, "`{name}` has its options already: write one `#[step(..)]`"));
                continue;
            }
            seen.push(at);
            for alias in &given.aliases {
                let text = alias.value();
                if text.is_empty() || text.chars().any(char::is_control) {
                    let rule = "the name of a step is a text without control characters, and not empty";
                    self.errors.push(err!(alias, "{rule}"));
                } else if names.contains(&text) {
                    self.errors.push(err!(alias, "a step already answers to `{text}`"));
                }
                names.push(text);
            }
            let timeout = given.timeout.and_then(|literal| self.errors.keep(lasting(&literal, NO_TIMEOUT)));
            if let Some(step) = &mut steps[at] {
                (step.aliases, step.timeout) = (given.aliases, timeout);
            }
        }
    }

    fn set_learning(&mut self, steps: &mut [Option<StepModel>]) {
        let marks = std::mem::take(&mut self.marks.on);
        let mut checked: Vec<(usize, Option<Type>)> = Vec::new();
        for (index, mark) in marks.iter().enumerate() {
            let Some(ident) = self.method(mark.member).map(|method| method.signature.ident.clone()) else { continue };
            if self.listed.into_iter().flatten().any(|step| step.member == Some(mark.member)) {
                self.errors.push(err!(&ident, "`{ident}` is a step: `#[on]` goes on a method of its own"));
                continue;
            }
            let reply = match checked.iter().find(|(member, _)| *member == mark.member) {
                Some((_, reply)) => reply.clone(),
                None if ident == "next" => None,
                None => {
                    let member = &self.block.members[mark.member];
                    member.method.as_ref().and_then(|method| methods::learning(member, method, self.errors))
                }
            };
            checked.push((mark.member, reply.clone()));
            let at = self.place_of("on", mark, &marks[..index]);
            if let (Some(step), Some(reply)) = (at.and_then(|at| steps[at].as_mut()), reply) {
                step.on = Some((ident, reply));
            }
        }
        self.marks.on = marks;
    }

    fn set_undo(&mut self, steps: &mut [Option<StepModel>]) {
        let marks = std::mem::take(&mut self.marks.undo);
        for (index, mark) in marks.iter().enumerate() {
            let Some(ident) = self.method(mark.member).map(|method| method.signature.ident.clone()) else { continue };
            if self.marks.on.iter().any(|on| on.member == mark.member) {
                self.errors.push(err!(
                    &ident,
                    "`{ident}` cannot be both: `#[on]` changes the process, `#[undo]` sends a command"
                ));
                continue;
            }
            let first = !marks[..index].iter().any(|other| other.member == mark.member);
            let is_step = self.listed.into_iter().flatten().any(|step| step.member == Some(mark.member));
            // What is judged already is not judged again.
            let mut unheard = Diagnostics::default();
            let member = &self.block.members[mark.member];
            let heard = if first && !is_step && ident != "next" { &mut *self.errors } else { &mut unheard };
            let command = member.method.as_ref().and_then(|method| methods::command("an undo", member, method, heard));
            let at = self.place_of("undo", mark, &marks[..index]);
            if let (Some(step), Some(command)) = (at.and_then(|at| steps[at].as_mut()), command) {
                step.undo = Some(Sending { method: ident, command });
            }
        }
    }

    /// The place of the step that is meant; `earlier` are the marks of this kind before it.
    fn place_of(&mut self, kind: &str, mark: &Mark, earlier: &[Mark]) -> Option<usize> {
        let listed = self.listed?;
        let name = mark.step.unraw().to_string();
        let Some(at) = listed.iter().position(|step| step.name == name || *step.written == mark.step) else {
            let names = listed.iter().map(|step| step.name.as_str());
            let meant =
                did_you_mean(&name, names).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
            self.errors.push(err!(&mark.step, "there is no step `{name}` in `steps = [..]`{meant}"));
            return None;
        };
        if let Some(other) = earlier.iter().find(|other| other.step.unraw() == mark.step.unraw()) {
            let other = self.method(other.member).map(Method::name).unwrap_or_default();
            self.errors.push(err!(&mark.step, "`{name}` has its `#[{kind}]` already: `{other}`"));
            return None;
        }
        Some(at)
    }
}
