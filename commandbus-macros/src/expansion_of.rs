//! `expansion_of!`: what our macros make of an item, as text to look at or to keep in a snapshot.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Meta, Path, Token, punctuated::Punctuated};

use crate::{
    batch::batch,
    command::command,
    diagnostics::err,
    handler::{handler, handler_set},
    handler_error::handler_error,
    process::process,
};

pub(crate) fn expansion_of(input: TokenStream) -> TokenStream {
    match expand(input) {
        Ok(text) => quote!(#text),
        Err(error) => error.to_compile_error(),
    }
}

fn expand(input: TokenStream) -> syn::Result<String> {
    let mut file: syn::File = syn::parse2(input)?;
    let mut items = Vec::new();
    for item in file.items {
        items.extend(expand_item(item)?);
    }
    let mut submit = None;
    file.items = items.into_iter().map(|item| formattable(item, &mut submit)).collect();
    let text = prettyplease::unparse(&file);
    Ok(match submit {
        Some(path) => text.replace(&format!("fn {SUBMITTED}() {{"), &format!("{path}! {{")),
        None => text,
    })
}

/// What a submission to `inventory` is called while it is formatted.
const SUBMITTED: &str = "__submitted";

/// The body of a macro is formatted by nobody, that of a function is: so a submission is one until it is text.
fn formattable(item: syn::Item, submit: &mut Option<String>) -> syn::Item {
    let syn::Item::Macro(call) = &item else { return item };
    let (attributes, path, body) = (&call.attrs, &call.mac.path, &call.mac.tokens);
    if !last_segment_is(path, "submit") {
        return item;
    }
    let name = syn::Ident::new(SUBMITTED, proc_macro2::Span::call_site());
    let Ok(function) = syn::parse2(quote!(#(#attributes)* fn #name() { #body })) else { return item };
    *submit = Some(path.to_token_stream().to_string().replace(' ', ""));
    function
}

fn expand_item(mut item: syn::Item) -> syn::Result<Vec<syn::Item>> {
    let attributes = match &mut item {
        syn::Item::Struct(item) => &mut item.attrs,
        syn::Item::Enum(item) => &mut item.attrs,
        syn::Item::Fn(item) => &mut item.attrs,
        syn::Item::Impl(item) => &mut item.attrs,
        other => return Err(err!(other, "`expansion_of!` takes structs, enums, functions and impls")),
    };
    let derived = take_derive(attributes, "HandlerError")?;
    let attribute = take_attribute(attributes, &["batch", "command", "handler", "handler_set", "process"]);

    let mut made = match attribute {
        Some(attribute) => {
            let arguments = match &attribute.meta {
                Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            };
            let expand = match attribute.path() {
                path if last_segment_is(path, "batch") => batch,
                path if last_segment_is(path, "command") => command,
                path if last_segment_is(path, "handler") => handler,
                path if last_segment_is(path, "handler_set") => handler_set,
                _ => process,
            };
            expand(arguments, item.to_token_stream())
        }
        None => item.to_token_stream(),
    };
    if derived {
        made.extend(handler_error(item.into_token_stream()));
    }
    let mut items = Vec::new();
    for item in syn::parse2::<syn::File>(made)?.items {
        items.extend(with_its_own(item)?);
    }
    Ok(items)
}

/// The item, and behind it what `#[beside(..)]` on it puts there.
fn with_its_own(mut item: syn::Item) -> syn::Result<Vec<syn::Item>> {
    let beside = match &mut item {
        syn::Item::Struct(item) => take_attribute(&mut item.attrs, &["beside"]),
        _ => None,
    };
    let mut items = vec![item];
    if let Some(beside) = beside {
        items.extend(beside.parse_args::<syn::File>()?.items);
    }
    Ok(items)
}

fn take_attribute(attributes: &mut Vec<Attribute>, names: &[&str]) -> Option<Attribute> {
    let at = attributes.iter().position(|found| names.iter().any(|name| last_segment_is(found.path(), name)))?;
    Some(attributes.remove(at))
}

/// Whether the derive was listed; it is taken off its list.
fn take_derive(attributes: &mut Vec<Attribute>, name: &str) -> syn::Result<bool> {
    let mut found = false;
    let mut kept = Vec::new();
    for attribute in attributes.drain(..) {
        if !attribute.path().is_ident("derive") {
            kept.push(attribute);
            continue;
        }
        let listed = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)?;
        let others: Vec<&Path> = listed.iter().filter(|path| !last_segment_is(path, name)).collect();
        found |= others.len() < listed.len();
        if !others.is_empty() {
            kept.push(syn::parse_quote!(#[derive(#(#others),*)]));
        }
    }
    *attributes = kept;
    Ok(found)
}

fn last_segment_is(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}
