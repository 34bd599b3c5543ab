//! The macros of `commandbus`; use them through that crate, which re-exports them and documents what they make.
//!
//! Each macro is a small compiler: *args* hold what was written, the *model* is what was meant (every rule lives there,
//! and every broken one is collected with its token), *expand* writes it out and cannot fail.

use proc_macro::TokenStream;

mod arguments;
mod attribute;
mod batch;
mod command;
mod crate_path;
mod diagnostics;
mod duration;
mod elsewhere;
mod expansion_of;
#[cfg(test)]
mod fuzzing;
mod handler;
mod handler_error;
mod handlers;
mod impl_block;
mod process;
mod rules;
mod signature;
mod spans;

/// Makes a struct or an enum a command.
#[proc_macro_attribute]
pub fn command(args: TokenStream, item: TokenStream) -> TokenStream {
    command::command(args.into(), item.into()).into()
}

/// Makes an async function the handler of a command.
#[proc_macro_attribute]
pub fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::handler(args.into(), item.into()).into()
}

/// Makes methods handlers that share the fields of one value.
#[proc_macro_attribute]
pub fn handler_set(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::handler_set(args.into(), item.into()).into()
}

/// Makes a struct the name of a batch of several types of commands.
#[proc_macro_attribute]
pub fn batch(args: TokenStream, item: TokenStream) -> TokenStream {
    batch::batch(args.into(), item.into()).into()
}

/// Makes a type a business process, from the methods of an impl of it.
#[proc_macro_attribute]
pub fn process(args: TokenStream, item: TokenStream) -> TokenStream {
    process::process(args.into(), item.into()).into()
}

/// Says what each variant of an error means for the command.
#[proc_macro_derive(HandlerError, attributes(handler_error, transient, permanent, business_rule, inherit))]
pub fn handler_error(item: TokenStream) -> TokenStream {
    handler_error::handler_error(item.into()).into()
}

/// Behind `handlers!`, which tells it the path of the library.
#[doc(hidden)]
#[proc_macro]
pub fn __handlers(input: TokenStream) -> TokenStream {
    handlers::handlers(input.into()).into()
}

/// Puts the items of its arguments behind the item that it stands on.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __beside(items: TokenStream, mut item: TokenStream) -> TokenStream {
    item.extend(items);
    item
}

/// The code that the macros of this crate make of an item, as formatted text.
#[proc_macro]
pub fn expansion_of(input: TokenStream) -> TokenStream {
    expansion_of::expansion_of(input.into()).into()
}
