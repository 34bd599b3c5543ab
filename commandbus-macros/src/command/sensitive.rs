//! `#[command(sensitive)]` on a field.

use syn::{Attribute, Data, DeriveInput, Field, Fields, Meta};

use super::wire_name::{Renaming, field_name};
use crate::{
    arguments::{Grammar, Key},
    diagnostics::{Diagnostics, err},
};

const GRAMMAR: Grammar =
    Grammar { attribute: "`#[command]` on a field", keys: &[Key { name: "sensitive", example: "sensitive" }] };

/// Whether there are marks to take off.
pub(super) fn is_marked(item: &DeriveInput) -> bool {
    let is_mark = |attribute: &Attribute| attribute.path().is_ident("command");
    let marks = |fields: &Fields| fields.iter().any(|field| field.attrs.iter().any(is_mark));
    match &item.data {
        Data::Struct(data) => marks(&data.fields),
        Data::Enum(data) => {
            data.variants.iter().any(|variant| variant.attrs.iter().any(is_mark) || marks(&variant.fields))
        }
        Data::Union(_) => false,
    }
}

/// Takes the marks off the fields and returns the wire names of those that are sensitive.
pub(super) fn take_marks(item: &mut DeriveInput, errors: &mut Diagnostics) -> Vec<String> {
    let container = Renaming::of(&item.attrs);
    let mut names = Vec::new();
    match &mut item.data {
        Data::Struct(data) => take_from(&mut data.fields, container.rename_all, &mut names, errors),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                for mark in take_marks_of(&mut variant.attrs) {
                    errors.push(err!(
                        mark,
                        "what is sensitive is masked by its name: mark the fields of `{}`",
                        variant.ident
                    ));
                }
                let rule = Renaming::of(&variant.attrs).rename_all.or(container.rename_all_fields);
                take_from(&mut variant.fields, rule, &mut names, errors);
            }
        }
        Data::Union(_) => {}
    }
    names.sort();
    names.dedup();
    names
}

fn take_from(
    fields: &mut Fields,
    rule: Option<super::wire_name::Case>,
    names: &mut Vec<String>,
    errors: &mut Diagnostics,
) {
    for field in fields {
        for (index, mark) in take_marks_of(&mut field.attrs).into_iter().enumerate() {
            if !is_sensitive(&mark, errors) {
                continue;
            }
            if index > 0 {
                errors.push(err!(mark, "this field is marked already"));
                continue;
            }
            if let Some(name) = errors.keep(wire_name(field, &mark, rule)) {
                names.push(name);
            }
        }
    }
}

fn take_marks_of(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let (marks, others) = attributes.drain(..).partition(|attribute| attribute.path().is_ident("command"));
    *attributes = others;
    marks
}

fn is_sensitive(mark: &Attribute, errors: &mut Diagnostics) -> bool {
    let Meta::List(list) = &mark.meta else {
        errors.push(err!(mark, "write `#[command(sensitive)]`"));
        return false;
    };
    let mut sensitive = false;
    GRAMMAR.parse(list.tokens.clone(), errors, |_, _| {
        sensitive = true;
        Ok(())
    });
    sensitive
}

fn wire_name(field: &Field, mark: &Attribute, rule: Option<super::wire_name::Case>) -> syn::Result<String> {
    let Some(ident) = &field.ident else {
        return Err(err!(mark, "what is sensitive is masked by its name, and this field has none: give it one"));
    };
    let renaming = Renaming::of(&field.attrs);
    if renaming.flatten {
        return Err(err!(
            mark,
            "a flattened field has no name on the wire: mark the sensitive fields of its type's own command, or send \
             it without `flatten`"
        ));
    }
    Ok(field_name(ident, &renaming, rule))
}
