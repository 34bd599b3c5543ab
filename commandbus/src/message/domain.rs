//! The name of a domain, which names its queues.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What the queue of a domain's processes ends with.
pub(crate) const PROCESS_REPLIES: &str = "__process_replies";

/// A domain: a lower-case word that commands, their queues and their workers share.
///
/// `[a-z][a-z0-9_]*`, at most [`Domain::MAX_LENGTH`] characters, without a double or a trailing underscore. The rule
/// keeps queue names unambiguous and within PGMQ's limit of 47 characters.
///
/// ```
/// use commandbus::message::Domain;
///
/// static PARCELS: Domain = Domain::from_static("parcels");
///
/// assert_eq!("parcels".parse(), Ok(PARCELS.clone()));
/// assert!(Domain::new("Parcels").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Cow<'static, str>);

impl Domain {
    /// The longest a domain may be, in characters.
    pub const MAX_LENGTH: usize = 30;

    /// Checks a name that is only known at run time.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, InvalidDomain> {
        let name = name.into();
        if Self::is_valid(&name) { Ok(Self(name)) } else { Err(InvalidDomain { name: name.into_owned() }) }
    }

    /// A name that is known at compile time; in a `const` an invalid one does not compile.
    ///
    /// # Panics
    ///
    /// When the name is not a valid domain.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(Self::is_valid(name), "a domain is [a-z][a-z0-9_]*, at most 30 characters, no double or trailing `_`");
        Self(Cow::Borrowed(name))
    }

    /// Whether `name` may be a domain.
    pub const fn is_valid(name: &str) -> bool {
        // With patterns, since the compiler does this for each command, and calls cost it most.
        let bytes = name.as_bytes();
        if bytes.len() > Self::MAX_LENGTH || !matches!(bytes, [b'a'..=b'z', ..]) {
            return false;
        }
        let mut rest = bytes;
        loop {
            rest = match rest {
                [] => return true,
                [b'a'..=b'z' | b'0'..=b'9', rest @ ..] => rest,
                [b'_', b'a'..=b'z' | b'0'..=b'9', rest @ ..] => rest,
                _ => return false,
            };
        }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a domain made by [`Domain::from_static`], where only constants may be asked.
    pub(crate) const fn as_static_str(&self) -> Option<&'static str> {
        match &self.0 {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        }
    }

    /// The queue that holds the domain's commands.
    pub fn commands_queue(&self) -> String {
        format!("{self}__commands")
    }

    /// The conventional queue for replies that a sender wants as messages.
    pub fn replies_queue(&self) -> String {
        format!("{self}__replies")
    }

    /// The queue of the replies that processes of the domain wait for.
    pub fn process_replies_queue(&self) -> String {
        format!("{self}{PROCESS_REPLIES}")
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name.to_owned())
    }
}

impl TryFrom<String> for Domain {
    type Error = InvalidDomain;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Domain {
    type Error = InvalidDomain;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0.into_owned()
    }
}

/// A name that cannot be a domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` is not a domain: a domain is a lower-case letter followed by lower-case letters, digits and single \
     underscores, at most 30 characters, as in `payments` or `card_payments`"
)]
pub struct InvalidDomain {
    /// The name as it was given.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_domain_may_be_called() {
        for good in ["payments", "p", "card_payments", "a1_b2", "abcdefghijklmnopqrstuvwxyz0123"] {
            assert!(Domain::is_valid(good), "{good}");
        }
        for bad in ["", "Payments", "1st", "_x", "x_", "a__b", "a-b", "a b", "é", "abcdefghijklmnopqrstuvwxyz01234"] {
            assert!(Domain::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn queue_names_stay_within_the_limit_of_pgmq() {
        let longest = Domain::new("a".repeat(Domain::MAX_LENGTH)).unwrap();
        assert!(longest.process_replies_queue().len() <= 47);
    }
}
