//! Where rustc reports what is wrong with generated code.

use proc_macro2::{Group, Span, TokenStream, TokenTree};

/// The same tokens as if they were written at `span`: a fault is reported there, without a word of the macro.
pub(crate) fn written_at(span: Span, tokens: TokenStream) -> TokenStream {
    respan(tokens, &|_| span)
}

/// The same tokens at `span`, where `$crate` is among them, which means something only where it was written.
pub(crate) fn located_at(span: Span, tokens: TokenStream) -> TokenStream {
    respan(tokens, &|written| written.located_at(span))
}

fn respan(tokens: TokenStream, place: &dyn Fn(Span) -> Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                token = TokenTree::Group(Group::new(group.delimiter(), respan(group.stream(), place)));
            }
            token.set_span(place(token.span()));
            token
        })
        .collect()
}
