//! mistake: the code without its key
//! instead: `#[permanent(code = "CLOSED")]`
//! mistake: a number as the code
//! instead: `code = "E17"`
//! mistake: the code after `=`
//! instead: `#[permanent(code = "CLOSED")]`
//! mistake: a code with a line break
//! instead: `code = "CLOSED"`

use commandbus::prelude::*;

#[derive(Debug, thiserror::Error, HandlerError)]
#[error("no")]
enum DebitError {
    #[permanent = "CLOSED"]
    Assigned,
    #[permanent("CLOSED")]
    WithoutKey,
    #[permanent(code = 17)]
    Number,
    #[permanent(code = "CLOSED\n")]
    LineBreak,
}

fn main() {}
