//! An `impl` without looking into the bodies of its methods: what does not parse there is rustc's to report.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::{
    Attribute, Generics, Ident, PathArguments, Signature, Token, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
};

pub(crate) struct ImplBlock {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) generics: Generics,
    /// The trait, of an `impl Trait for Type`.
    pub(crate) of_trait: Option<Type>,
    pub(crate) self_type: Type,
    pub(crate) members: Vec<Member>,
    /// Everything before the braces.
    head: TokenStream,
    /// The braces, for where they are, and the inner attributes.
    braces: Group,
    inner_attributes: Vec<Attribute>,
}

/// An item of the `impl`.
pub(crate) struct Member {
    pub(crate) attributes: Vec<Attribute>,
    /// What it is, if a method.
    pub(crate) method: Option<Method>,
    tokens: TokenStream,
}

pub(crate) struct Method {
    pub(crate) signature: Signature,
}

impl Member {
    /// The name of a method.
    pub(crate) fn name(&self) -> Option<String> {
        self.method.as_ref().map(Method::name)
    }
}

impl Method {
    /// Its name, as it is stored.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }
}

impl ImplBlock {
    pub(crate) fn methods(&self) -> impl Iterator<Item = (&Member, &Method)> {
        self.members.iter().filter_map(|member| member.method.as_ref().map(|method| (member, method)))
    }

    /// The name of the type, unless it is none that could be named: `impl [u8]`, `impl dyn Trait`.
    pub(crate) fn type_name(&self) -> Option<&Ident> {
        match &self.self_type {
            Type::Path(path) if path.qself.is_none() => path.path.segments.last().map(|segment| &segment.ident),
            _ => None,
        }
    }

    /// The parameters or arguments that keep it from being one concrete type.
    pub(crate) fn parameters(&self) -> Option<TokenStream> {
        if !self.generics.params.is_empty() {
            return Some(self.generics.to_token_stream());
        }
        match &self.self_type {
            Type::Path(path) => {
                let mut segments = path.path.segments.iter();
                let with = segments.find(|segment| !matches!(segment.arguments, PathArguments::None));
                with.map(|segment| segment.arguments.to_token_stream())
            }
            _ => None,
        }
    }

    pub(crate) fn into_tokens(self) -> TokenStream {
        let inner = self.inner_attributes;
        let members = self.members.into_iter().map(|member| {
            let (attributes, tokens) = (member.attributes, member.tokens);
            quote!(#(#attributes)* #tokens)
        });
        let mut braces = Group::new(Delimiter::Brace, quote!(#(#inner)* #(#members)*));
        braces.set_span(self.braces.span());
        let head = self.head;
        quote!(#head #braces)
    }
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let attributes = ahead.call(Attribute::parse_outer)?;
        ahead.parse::<Option<Token![unsafe]>>()?;
        ahead.parse::<Token![impl]>()?;
        let generics = ahead.parse()?;
        ahead.parse::<Option<Token![const]>>()?;
        ahead.parse::<Option<Token![!]>>()?;
        let first: Type = ahead.parse()?;
        let (of_trait, self_type) = match ahead.parse::<Option<Token![for]>>()? {
            Some(_) => (Some(first), ahead.parse()?),
            None => (None, first),
        };
        let mut tokens: Vec<TokenTree> = input.parse::<TokenStream>()?.into_iter().collect();
        let Some(TokenTree::Group(braces)) = tokens.pop() else {
            return Err(input.error("expected the items of the `impl`"));
        };
        let head = tokens.into_iter().collect();
        let (inner_attributes, members) = items.parse2(braces.stream())?;
        Ok(Self { attributes, generics, of_trait, self_type, members, head, braces, inner_attributes })
    }
}

fn items(input: ParseStream<'_>) -> syn::Result<(Vec<Attribute>, Vec<Member>)> {
    let inner_attributes = input.call(Attribute::parse_inner)?;
    let mut members = Vec::new();
    while !input.is_empty() {
        members.push(input.parse()?);
    }
    Ok((inner_attributes, members))
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let ahead = input.fork();
        ahead.parse::<Visibility>()?;
        let ends_with_braces = !ahead.peek(Token![type]) && (!ahead.peek(Token![const]) || ahead.peek2(Token![fn]));
        let method = ahead.parse().ok().map(|signature| Method { signature });
        let mut tokens = TokenStream::new();
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let last = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => ends_with_braces && group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            tokens.append(token);
            if last {
                break;
            }
        }
        Ok(Self { attributes, method, tokens })
    }
}
