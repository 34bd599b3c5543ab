//! mistake: the code is misspelt
//! instead: `code = "CLOSED"`
//! mistake: a code that is no text
//! instead: `code = "CLOSED"`
//! mistake: two kinds on one variant
//! instead: one of them
//! mistake: a kind without its code
//! instead: `#[permanent(code = "..")]`
//! mistake: an empty code
//! instead: `code = "CLOSED"`
//! mistake: `#[inherit]` with nothing inside
//! instead: a kind with a code
//! mistake: a kind on the whole enum
//! instead: a kind on each variant

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("no")]
enum DebitError {
    #[permanent(code = "CLOSED")]
    #[transient(code = "CLOSED")]
    Twice,
    #[permanent]
    NoCode,
    #[permanent(kode = "CLOSED")]
    Misspelt,
    #[permanent(code = CLOSED)]
    NotText,
    #[business_rule(code = "")]
    Empty,
    #[inherit]
    NothingInside,
}

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("no")]
#[permanent(code = "OUTSIDE")]
enum Outside {}

fn main() {}
