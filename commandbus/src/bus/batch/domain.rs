//! The domain that the commands of a batch share, found out by the compiler.

use crate::message::{CommandSpec, Domain};

/// Of what is no command, which has been reported.
const NO_DOMAIN: &Domain = &Domain::from_static("refused");

/// The domain of a command; any, of what is none.
pub const fn domain_of(spec: Option<&'static CommandSpec>) -> &'static Domain {
    match spec {
        Some(spec) => &spec.domain,
        None => NO_DOMAIN,
    }
}

/// Refuses, at compile time, a command of a batch that is of another domain than the first.
///
/// # Panics
///
/// In that case.
pub const fn refuse_other_domain(member: Option<&CommandSpec>, first: Option<&CommandSpec>) {
    let (Some(member), Some(first)) = (member, first) else { return };
    let (Some(domain), Some(expected)) = (member.domain.as_static_str(), first.domain.as_static_str()) else { return };
    // What a refused macro left behind has no name, and has been reported.
    if member.name.is_empty() || first.name.is_empty() || same(domain.as_bytes(), expected.as_bytes()) {
        return;
    }
    let text = Text::new()
        .with("`")
        .with(member.name)
        .with("` is a command of domain `")
        .with(domain)
        .with("`, but `")
        .with(first.name)
        .with("` is of `")
        .with(expected)
        .with("`: the commands of one batch share one domain");
    match text.as_str() {
        Some(text) => panic!("{}", text),
        None => panic!("the commands of one batch share one domain"),
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A text that a constant puts together.
struct Text {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Text {
    const LONGEST: usize = 1024;

    const fn new() -> Self {
        Self { bytes: [0; Self::LONGEST], length: 0 }
    }

    const fn with(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        // One more than fits stands for all that does not.
        while i < text.len() && self.length <= Self::LONGEST {
            if self.length < Self::LONGEST {
                self.bytes[self.length] = text[i];
            }
            self.length += 1;
            i += 1;
        }
        self
    }

    /// `None` if it was too long.
    const fn as_str(&self) -> Option<&str> {
        if self.length > Self::LONGEST {
            return None;
        }
        match str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => Some(text),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_whole_or_nothing() {
        assert_eq!(Text::new().with("`").with("größer").with("`").as_str(), Some("`größer`"));
        let longest = "x".repeat(Text::LONGEST);
        assert_eq!(Text::new().with(&longest).as_str(), Some(&*longest));
        assert_eq!(Text::new().with(&longest).with("y").with(&longest).as_str(), None);
    }

    #[test]
    fn names_that_are_too_long_leave_the_rule() {
        let name: &'static str = "x".repeat(Text::LONGEST).leak();
        let (long, other) = (CommandSpec::new("billing", name), CommandSpec::new("payments", "Debit"));
        let panic = std::panic::catch_unwind(|| refuse_other_domain(Some(&long), Some(&other))).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"the commands of one batch share one domain"));
        refuse_other_domain(Some(&long), Some(&long));
    }
}
