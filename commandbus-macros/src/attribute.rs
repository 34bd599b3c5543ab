//! What every macro owes to the item it stands on: the item survives.

use proc_macro2::{TokenStream, TokenTree};
use quote::{TokenStreamExt, quote};
use syn::{Meta, Path};

use crate::diagnostics::{Diagnostics, err};

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

/// Takes a second use of a macro off its item, where it would make everything once more.
///
/// An attribute of the same name may be another library's: `is_ours` looks at its arguments.
pub(crate) fn take_second(
    item: TokenStream,
    name: &str,
    is_ours: impl Fn(&TokenStream) -> bool,
    errors: &mut Diagnostics,
) -> TokenStream {
    // All but always there is none, and the item goes back as it came.
    if !mentions(&attributes(&item), name) {
        return item;
    }
    let mut kept = TokenStream::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let (TokenTree::Punct(mark), Some(TokenTree::Group(group))) = (&token, tokens.peek()) else {
            // The attributes are over.
            kept.append(token);
            break;
        };
        let second =
            mark.as_char() == '#' && syn::parse2(group.stream()).is_ok_and(|meta| is_use(&meta, name, &is_ours));
        if second {
            errors.push(err!(quote!(#token #group), "`#[{name}]` stands here twice: write one, with all arguments"));
        } else {
            kept.append(token);
            kept.append(group.clone());
        }
        tokens.next();
    }
    kept.extend(tokens);
    kept
}

/// What stands in the brackets of an item's attributes.
fn attributes(item: &TokenStream) -> TokenStream {
    let mut words = TokenStream::new();
    let mut tokens = item.clone().into_iter();
    while let (Some(TokenTree::Punct(_)), Some(TokenTree::Group(group))) = (tokens.next(), tokens.next()) {
        words.extend(group.stream());
    }
    words
}

fn is_use(meta: &Meta, name: &str, is_ours: impl Fn(&TokenStream) -> bool) -> bool {
    let is_named = |path: &Path| {
        path.is_ident(name)
            || path.segments.len() == 2 && path.segments[0].ident == "commandbus" && path.segments[1].ident == name
    };
    match meta {
        Meta::Path(path) => is_named(path) && is_ours(&TokenStream::new()),
        Meta::List(list) => is_named(&list.path) && is_ours(&list.tokens),
        Meta::NameValue(_) => false,
    }
}

/// Whether `word` is among the tokens.
pub(crate) fn mentions(tokens: &TokenStream, word: &str) -> bool {
    tokens.clone().into_iter().any(|token| matches!(&token, TokenTree::Ident(ident) if ident == word))
}
