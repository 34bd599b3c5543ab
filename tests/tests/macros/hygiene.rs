//! Generated code names everything by its full path.

/// The library under another name, beside things that have taken the usual names.
#[allow(dead_code)]
mod taken {
    pub(crate) mod own {
        pub(crate) use commandbus as bus;
    }

    struct Result;
    struct Option;
    struct Some;
    struct Vec;
    struct Context;
    struct String;
    trait Handler {}
    struct Process;
    struct Step;
    struct Next;
    trait Copy {}
    trait Debug {}
    mod core {}
    mod std {}

    #[own::bus::command(domain = "macro_hygiene", backoff = "1s", timeout = "1s", aliases("Old"), crate = self::own::bus)]
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct Tidy {
        #[command(sensitive)]
        secret: u8,
    }

    #[derive(Debug)]
    pub(crate) struct Untidy;

    impl ::std::fmt::Display for Untidy {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("untidy")
        }
    }

    #[derive(own::bus::HandlerError, Debug)]
    #[handler_error(crate = self::own::bus)]
    pub(crate) enum TidyError {
        #[permanent(code = "UNTIDY")]
        Untidy,
    }

    impl ::std::fmt::Display for TidyError {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("untidy")
        }
    }

    impl ::std::error::Error for TidyError {}

    #[own::bus::handler(crate = self::own::bus)]
    pub(crate) async fn r#move(_: Tidy, _: own::bus::handler::Context) -> ::std::result::Result<(), TidyError> {
        ::std::result::Result::Err(TidyError::Untidy)
    }

    #[own::bus::handler(crate = self::own::bus)]
    #[cfg(any())]
    pub(crate) async fn left_out(_: DoesNotExist) {}

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct r#Loop;

    #[own::bus::process(
        domain = "macro_hygiene", steps = [r#move, (r#type, process)], deadline = "1s", aliases("Old"),
        crate = self::own::bus
    )]
    impl r#Loop {
        #[step(timeout = "1s", aliases("old"))]
        fn r#move(&self) -> Tidy {
            Tidy { secret: 1 }
        }

        #[on(r#move)]
        fn reply(&mut self, (): ()) {}

        #[undo(r#move)]
        fn command(&self) -> Tidy {
            Tidy { secret: 2 }
        }

        fn r#type(&self) -> Tidy {
            Tidy { secret: 3 }
        }

        fn process(&self) -> Tidy {
            Tidy { secret: 4 }
        }

        fn next(&self, done: LoopStep) -> own::bus::process::Next<LoopStep> {
            own::bus::process::Next::Step(done)
        }
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct LeftOut;

    #[own::bus::process(domain = "macro_hygiene", steps = [go], crate = self::own::bus)]
    #[cfg(any())]
    impl LeftOut {
        fn go(&self) -> DoesNotExist {}
    }

    pub(crate) fn list() -> own::bus::handler::HandlerList {
        own::bus::handlers![r#move]
    }
}

#[test]
fn usual_names_may_be_taken() {
    assert_eq!(taken::list().entries()[0].command.name, "Tidy");
    let spec = <taken::Loop as commandbus::process::Process>::SPEC;
    assert_eq!(
        (spec.name, spec.steps.iter().map(|step| step.name).collect()),
        ("Loop", vec!["move", "type", "process"])
    );
    assert_eq!(taken::LoopStep::Move as usize, 0);
}

/// Where every lint is an error that a user may be held to.
#[deny(
    warnings,
    unused,
    nonstandard_style,
    rust_2018_idioms,
    missing_docs,
    missing_debug_implementations,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    unused_import_braces,
    unused_lifetimes,
    variant_size_differences,
    clippy::all,
    clippy::pedantic,
    clippy::as_conversions,
    clippy::exhaustive_enums,
    clippy::missing_docs_in_private_items,
    clippy::absolute_paths,
    clippy::allow_attributes_without_reason,
    clippy::enum_variant_names,
    clippy::missing_inline_in_public_items
)]
mod strict {
    use commandbus::prelude::*;

    /// A command.
    #[command(domain = "macro_hygiene_strict", reply = u8, timeout = "1s")]
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Count;

    /// A process, all of whose steps begin alike.
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Census {
        /// What was counted.
        counted: u8,
    }

    #[process(domain = "macro_hygiene_strict", steps = [count_men, count_women], deadline = "1s")]
    impl Census {
        /// Counts.
        #[step(timeout = "1s")]
        #[must_use]
        fn count_men(&self) -> Count {
            let _ = self.counted;
            Count
        }

        /// Has counted.
        #[on(count_men)]
        fn counted(&mut self, reply: u8) {
            self.counted = reply;
        }

        /// Counts again.
        #[undo(count_men)]
        fn uncount(&self) -> Count {
            self.count_men()
        }

        /// Counts.
        fn count_women(&self) -> Count {
            self.count_men()
        }

        /// Once more.
        fn next(&self, done: CensusStep) -> Next<CensusStep> {
            if self.counted == 0 { Next::Step(done) } else { Next::Continue }
        }
    }

    /// The number of steps.
    pub(crate) fn steps() -> usize {
        Census::SPEC.steps.len()
    }
}

#[test]
fn every_lint_may_be_denied() {
    assert_eq!(strict::steps(), 2);
}

#[test]
fn commands_handlers_and_processes_may_be_local() {
    use commandbus::{handler::Handler, prelude::*};

    #[command(domain = "macro_hygiene_local")]
    #[derive(Serialize, Deserialize)]
    struct Local;

    #[handler]
    async fn local(_: Local) {}

    #[derive(Serialize, Deserialize)]
    struct Errand;

    #[process(domain = "macro_hygiene_local", steps = [go])]
    impl Errand {
        fn go(&self) -> Local {
            Local
        }
    }

    assert_eq!(local::ENTRY.command.name, "Local");
    assert_eq!((Errand::SPEC.name, ErrandStep::Go), ("Errand", ErrandStep::Go));
    drop(local(Local));
}
