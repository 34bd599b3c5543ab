//! The version of a command, and the upcasts that lead to it.

use std::collections::{BTreeMap, btree_map::Entry};

use syn::{ExprPath, LitInt};

use super::args::UpcastArg;
use crate::diagnostics::{Diagnostics, err};

/// A version, and the functions that lead to it from older ones, without a gap.
pub(super) struct Versions {
    pub(super) current: u32,
    pub(super) upcasts: Vec<(u32, ExprPath)>,
}

impl Versions {
    pub(super) fn new(version: Option<LitInt>, upcasts: Vec<UpcastArg>, errors: &mut Diagnostics) -> Self {
        let is_given = version.is_some();
        let current = version.map_or(Some(1), |literal| errors.keep(checked(&literal)));
        if let Some(first) = upcasts.first()
            && !is_given
        {
            errors
                .push(err!(&first.from, "an upcast leads to a later version: write `version = 2`, or which one it is"));
            return Self { current: 1, upcasts: Vec::new() };
        }
        let mut known = BTreeMap::new();
        for UpcastArg { from, function } in upcasts {
            // Of a version that is wrong itself nothing more is said.
            let Some(current) = current else { break };
            let Some(older) = errors.keep(checked_upcast(&from, current)) else { continue };
            match known.entry(older) {
                Entry::Occupied(_) => errors.push(err!(&from, "version {older} has an upcast already")),
                Entry::Vacant(place) => {
                    place.insert((from, function));
                }
            }
        }
        let current = current.unwrap_or(1);
        if errors.is_empty() {
            find_gaps(&known, current, errors);
        }
        Self { current, upcasts: known.into_iter().map(|(from, (_, function))| (from, function)).collect() }
    }
}

fn checked(literal: &LitInt) -> syn::Result<u32> {
    match literal.base10_parse::<u32>() {
        // As far as PostgreSQL's `int` reaches, which the migrations count versions with.
        Ok(version @ 1..=0x7FFF_FFFF) => Ok(version),
        _ => Err(err!(literal, "a version is a number from 1 to {}", i32::MAX)),
    }
}

fn checked_upcast(literal: &LitInt, current: u32) -> syn::Result<u32> {
    let older = checked(literal)?;
    if older >= current {
        return Err(err!(
            literal,
            "version {older} is not older than the command, which is at version {current}: an upcast starts from an older one"
        ));
    }
    Ok(older)
}

fn find_gaps(known: &BTreeMap<u32, (LitInt, ExprPath)>, current: u32, errors: &mut Diagnostics) {
    for (older, (literal, _)) in known {
        let next = older + 1;
        if next < current && !known.contains_key(&next) {
            errors.push(err!(
                literal,
                "the upcast from version {older} leads to version {next}, and from there on there is none: write \
                 `{next} = ..` too"
            ));
        }
    }
}
