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
