//! `handlers![a, b]`: a list that is checked for a command handled twice.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Path, Token,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::spans::located_at;

/// `(path of the library) handler, ..`
struct Handlers {
    krate: TokenStream,
    list: Punctuated<Path, Token![,]>,
}

impl Parse for Handlers {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate;
        syn::parenthesized!(krate in input);
        let krate = krate.parse()?;
        let list = Punctuated::parse_terminated(input).map_err(|error| {
            let usage = "a list of handlers is the names of functions: `handlers![debit_account, ..]`";
            let message = match input.fork().parse::<Path>() {
                Ok(next) => format!("a comma is missing before `{}`", next.to_token_stream()),
                Err(_) => usage.to_owned(),
            };
            syn::Error::new(error.span(), message)
        })?;
        Ok(Self { krate, list })
    }
}

/// Expands to:
///
/// ```text
/// {
///     const ENTRIES: &[HandlerEntry] = &[<debit_account as Handler>::ENTRY, ..];
///     const _: () = refuse_second(ENTRIES, 0);     // at `debit_account`, and so on
///     HandlerList::new(ENTRIES)
/// }
/// ```
///
/// The checks are items, because `cargo check` evaluates those.
pub(crate) fn handlers(input: TokenStream) -> TokenStream {
    let Handlers { krate, list } = match syn::parse2(input) {
        Ok(handlers) => handlers,
        Err(error) => return error.to_compile_error(),
    };
    let handlers = list.iter();
    let checks = list.iter().enumerate().map(|(index, handler)| {
        let check = located_at(handler.span(), quote!(#krate::__private::refuse_second(ENTRIES, #index)));
        quote!(const _: () = #check;)
    });
    quote! {{
        const ENTRIES: &[#krate::handler::HandlerEntry] = &[#(<#handlers as #krate::handler::Handler>::ENTRY),*];
        #(#checks)*
        #krate::handler::HandlerList::new(ENTRIES)
    }}
}
