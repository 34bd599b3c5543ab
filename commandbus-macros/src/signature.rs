//! A function, without looking into its body: a body that does not parse is rustc's to report.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Receiver, ReceiverKind, Visibility,
    parse::{Parse, ParseStream},
};

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: syn::Signature,
}

impl Function {
    /// Its body is not even taken apart, which would cost most of the time.
    pub(crate) fn read(item: &TokenStream) -> syn::Result<Self> {
        let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
        tokens.pop_if(|last| matches!(last, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace));
        syn::parse2(tokens.into_iter().collect())
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let function = Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
        };
        input.parse::<TokenStream>()?;
        Ok(function)
    }
}

/// Whether a receiver is `&self` or, where that is wanted, `&mut self`.
pub(crate) fn is_reference(receiver: &Receiver, mutable: bool) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some() == mutable,
        ReceiverKind::Typed(_, ty) => {
            let written = ty.to_token_stream().to_string().replace(' ', "");
            written == if mutable { "&mutSelf" } else { "&Self" }
        }
        _ => false,
    }
}
