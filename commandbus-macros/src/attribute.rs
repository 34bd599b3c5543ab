//! What every macro owes to the item it stands on: the item survives.

use proc_macro2::TokenStream;
use quote::quote;

use crate::diagnostics::Diagnostics;

/// What became of one macro call.
pub(crate) struct Expansion {
    /// The user's item, without our helper attributes; empty for a derive.
    pub(crate) item: TokenStream,
    /// What was made of it; or the mistakes, and the least that keeps other uses of the item from failing too.
    pub(crate) outcome: Result<TokenStream, (Diagnostics, TokenStream)>,
}

impl Expansion {
    /// An item of which nothing can be said but what is wrong with it.
    pub(crate) fn refused(item: TokenStream, error: syn::Error) -> Self {
        let mut errors = Diagnostics::default();
        errors.push(error);
        Self { item, outcome: Err((errors, TokenStream::new())) }
    }

    /// The item first, then what belongs to it.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let item = self.item;
        match self.outcome {
            Ok(made) => quote!(#item #made),
            Err((errors, fallback)) => {
                let errors = errors.into_compile_errors();
                quote!(#item #errors #fallback)
            }
        }
    }
}

/// The `cfg` attributes of an item: what is generated for it must come and go with it.
pub(crate) fn cfgs(attributes: &[syn::Attribute]) -> Vec<syn::Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}
