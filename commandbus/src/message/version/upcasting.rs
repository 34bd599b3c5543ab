//! A payload on its way from the version it came in to the current one.

use std::{any::Any, fmt::Display};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{ReadError, parse};

/// A payload as it is stored, and the version it is in.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    command_type: &'static str,
    version: u32,
    data: &'a RawValue,
}

/// The same on its way: what the last upcast returned, if the payload was so old.
#[derive(Debug)]
pub struct Upcasting<'a, W> {
    stored: Stored<'a>,
    /// The version that led here.
    from: u32,
    written: Result<Option<W>, ReadError>,
}

impl<'a> Stored<'a> {
    pub(super) const fn new(command_type: &'static str, version: u32, data: &'a RawValue) -> Self {
        Self { command_type, version, data }
    }

    /// Takes the oldest version to the next one.
    pub fn first<F, Old, W>(self, from: u32, upcast: F) -> Upcasting<'a, W>
    where
        F: UpcastFunction<Old, W>,
    {
        Upcasting { stored: self, from, written: self.enter(from, upcast) }
    }

    /// Begins here if this is the version that came.
    fn enter<F, Old, W>(self, from: u32, upcast: F) -> Result<Option<W>, ReadError>
    where
        F: UpcastFunction<Old, W>,
    {
        if self.version != from {
            return Ok(None);
        }
        let Self { command_type, version, data } = self;
        upcast.call(data).map(Some).map_err(|source| ReadError::Older { command_type, version, source })
    }
}

impl<'a, W> Upcasting<'a, W> {
    /// Takes a version to the one after it.
    pub fn then<F, Old, Next>(self, from: u32, upcast: F) -> Upcasting<'a, Next>
    where
        F: UpcastFunction<Old, Next>,
        W: Upcasted<Old>,
    {
        let stored = self.stored;
        let written = match self.upcasted() {
            Ok(Some(old)) => Ok(Some(upcast.apply(old))),
            Ok(None) => stored.enter(from, upcast),
            Err(error) => Err(error),
        };
        Upcasting { stored, from, written }
    }

    /// The command.
    ///
    /// # Errors
    ///
    /// When the payload could not be read, or an upcast failed.
    pub fn end<C: 'static>(self) -> Result<Box<dyn Any>, ReadError>
    where
        W: Upcasted<C>,
    {
        let Stored { command_type, version, .. } = self.stored;
        match self.upcasted()? {
            Some(command) => Ok(Box::new(command)),
            None => Err(ReadError::UnknownVersion { command_type, version, known: "no upcast from it".to_owned() }),
        }
    }

    fn upcasted<Next>(self) -> Result<Option<Next>, ReadError>
    where
        W: Upcasted<Next>,
    {
        let Self { stored: Stored { command_type, .. }, from: version, written } = self;
        let next = written?.map(Upcasted::upcasted).transpose();
        next.map_err(|message| ReadError::Upcast { command_type, version, message })
    }
}

/// A function from a version to the one after it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take a version to the one after it",
    label = "expected a function of the older type alone",
    note = "write `fn(Older) -> Newer` or `fn(Older) -> Result<Newer, E>`, with `#[derive(Deserialize)]` on `Older`"
)]
pub trait UpcastFunction<Old, W> {
    /// Of a value.
    fn apply(self, old: Old) -> W;

    /// Of a payload.
    ///
    /// # Errors
    ///
    /// When it is not one of the older type.
    fn call(self, data: &RawValue) -> serde_json::Result<W>;
}

#[diagnostic::do_not_recommend]
impl<F, Old, W> UpcastFunction<Old, W> for F
where
    F: FnOnce(Old) -> W,
    Old: DeserializeOwned,
{
    fn apply(self, old: Old) -> W {
        self(old)
    }

    fn call(self, data: &RawValue) -> serde_json::Result<W> {
        parse(data).map(self)
    }
}

/// What an upcast may return: the next version, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "this upcast returns `{Self}`, but the version after it is `{Next}`",
    label = "expected `{Next}` or `Result<{Next}, E>` as its return type",
    note = "the last upcast returns the command, each other one what the upcast after it takes; `E` is `Display`"
)]
pub trait Upcasted<Next> {
    /// The next version, or why there is none.
    ///
    /// # Errors
    ///
    /// When the upcast failed.
    fn upcasted(self) -> Result<Next, String>;
}

#[diagnostic::do_not_recommend]
impl<Next> Upcasted<Next> for Next {
    fn upcasted(self) -> Result<Next, String> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<Next, E: Display> Upcasted<Next> for Result<Next, E> {
    fn upcasted(self) -> Result<Next, String> {
        self.map_err(|error| error.to_string())
    }
}
