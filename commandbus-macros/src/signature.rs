//! A function, without looking into its body: a body that does not parse is rustc's to report.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Visibility,
    parse::{Parse, ParseStream},
};

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: syn::Signature,
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
