//! Finds the error that knows its kind behind those that do not: `?` into anyhow or a box loses the type, not the value.

use std::{error::Error, marker::PhantomData};

use crate::message::{Failure, HandlerError};

/// Recognises one type of error. Submitted by `#[derive(HandlerError)]`.
#[derive(Debug)]
pub struct Probe(fn(&(dyn Error + 'static)) -> Option<Failure>);

inventory::collect!(Probe);

inventory::submit! { ProbeOf::<Failure>::PROBE }

/// The probe for `E`, which looks for nothing where `E` is no `std::error::Error` and so can be behind none.
#[derive(Debug)]
pub struct ProbeOf<E>(PhantomData<E>);

impl<E: HandlerError + Error + 'static> ProbeOf<E> {
    /// Looks for `E`.
    pub const PROBE: Probe = Probe(|error| error.downcast_ref::<E>().map(HandlerError::failure));
}

/// Met only where the constant above is not there.
pub trait NoProbe {
    /// Looks for nothing.
    const PROBE: Probe = Probe(|_| None);
}

impl<E> NoProbe for ProbeOf<E> {}

/// The failure of the first error in the chain, from the outside in, that knows its kind.
pub(crate) fn find_failure(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(failure) = inventory::iter::<Probe>().find_map(|Probe(probe)| probe(error)) {
            return Some(failure);
        }
        link = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not bill")]
    struct Wrapper(#[source] Failure);

    #[test]
    fn a_failure_is_found_behind_what_wraps_it() {
        let failure = Failure::business_rule("NO_FUNDS", "not enough");
        let boxed: Box<dyn Error + Send + Sync> = Box::new(Wrapper(failure.clone()));
        assert_eq!(find_failure(&*boxed), Some(failure));
        assert_eq!(find_failure(&std::fmt::Error), None);
    }
}
