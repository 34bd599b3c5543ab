use commandbus::prelude::*;

#[derive(HandlerError)]
enum DebitError {
    #[permanent(code = "CLOSED")]
    Closed,
}

fn main() {}
