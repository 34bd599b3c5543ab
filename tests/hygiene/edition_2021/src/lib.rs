//! A user in edition 2021, who knows the library through another crate.

use ::commandbus_hygiene_2018::commandbus as library;

#[library::command(domain = "hygiene_2021", reply = u64, backoff = "1s, 5s", timeout = "1s", aliases("Debit"), crate = ::commandbus_hygiene_2018::commandbus)]
#[derive(::serde::Serialize, ::serde::Deserialize)]
pub struct DebitAccount {
    pub r#type: u64,
    #[command(sensitive)]
    pub card: ::std::string::String,
    #[cfg(any())]
    left_out: DoesNotExist,
}

#[derive(Debug, library::HandlerError)]
#[handler_error(crate = ::commandbus_hygiene_2018::commandbus)]
pub enum DebitError {
    #[business_rule(code = "NO_FUNDS")]
    NoFunds,
    #[cfg(any())]
    LeftOut(DoesNotExist),
}

impl ::std::fmt::Display for DebitError {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str("no funds")
    }
}

#[library::handler(crate = ::commandbus_hygiene_2018::commandbus)]
pub async fn r#move(command: DebitAccount, _: library::handler::Context) -> ::std::result::Result<u64, DebitError> {
    if command.r#type == 0 {
        return ::std::result::Result::Err(DebitError::NoFunds);
    }
    ::std::result::Result::Ok(command.r#type)
}

#[derive(::serde::Serialize, ::serde::Deserialize)]
pub struct Transfer {
    pub cents: u64,
}

#[library::process(domain = "hygiene_2021", steps = [r#move, (first, second)], deadline = "1h", crate = ::commandbus_hygiene_2018::commandbus)]
impl Transfer {
    #[step(timeout = "1s", aliases("old"))]
    fn r#move(&self) -> DebitAccount {
        DebitAccount { r#type: self.cents, card: ::std::string::String::new() }
    }

    #[on(r#move)]
    fn moved(&mut self, reply: u64) {
        self.cents = reply;
    }

    #[undo(r#move)]
    fn back(&self) -> DebitAccount {
        self.r#move()
    }

    fn first(&self) -> DebitAccount {
        self.r#move()
    }

    fn second(&self) -> DebitAccount {
        self.r#move()
    }

    fn next(&self, done: TransferStep) -> library::process::Next<TransferStep> {
        library::process::Next::Step(done)
    }
}

pub fn list() -> library::handler::HandlerList {
    library::handlers![r#move]
}
