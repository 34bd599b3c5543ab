//! Where generated code finds the library.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The path given with `crate = `, else `::commandbus`.
#[derive(Clone, Default)]
pub(crate) struct CratePath(pub(crate) Option<syn::Path>);

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote!(::commandbus)),
        }
    }
}
