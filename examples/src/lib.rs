//! Examples of commandbus: each is a program of its own in `src/bin`, or in `operations`; `tests/unit_testing` shows how one
//! tests itself.
//!
//! What the README and the pages of the guide show is compiled here, as the examples of documentation are:
//! `cargo test --doc`.

/// A module for the README, and for each page of `docs/` with Rust in it. Where a page runs a worker, its snippet says `standalone_crate`: what
/// is linked by others would be found, too. `operating.md` is compiled in `operations`, for it mounts the web pages.
#[cfg(doctest)]
mod guide {
    macro_rules! pages {
        ($($name:ident = $file:literal,)+) => {
            $(#[doc = include_str!($file)] mod $name {})+
        };
    }

    pages! {
        batches = "../../docs/guide/batches.md",
        coming_from = "../../docs/guide/coming-from.md",
        deploying = "../../docs/guide/deploying.md",
        errors_and_retries = "../../docs/guide/errors-and-retries.md",
        faq = "../../docs/guide/faq.md",
        first_command = "../../docs/guide/first-command.md",
        processes = "../../docs/guide/processes.md",
        readme = "../../README.md",
        snapshot_tests = "../../docs/guide/snapshot-tests.md",
        testing_handlers = "../../docs/guide/testing-handlers.md",
        transactions = "../../docs/guide/transactions.md",
        troubleshooting = "../../docs/guide/troubleshooting.md",
    }
}
