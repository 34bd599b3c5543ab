//! What is linked into a program: the handlers of the crates that it names.

use commandbus::prelude::*;

use crate::bus;

/// The crate stands in `Cargo.toml`, and nowhere in this program; `linked` is one that names it.
#[tokio::test]
async fn a_crate_that_only_stands_in_the_manifest_is_to_be_named() {
    let error = Worker::new(&bus(), "unlinked").build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the worker of domain `unlinked` cannot start:\n  - no handler of domain `unlinked` is linked into this program: \
         name the crate that holds them, `use unlinked as _;` for instance, or list them with \
         `.handlers(handlers![..])`, or give a set of them, `.handlers(set)`"
    );
}
