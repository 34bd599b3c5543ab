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

    pub(crate) struct r#Box {
        r#in: u8,
    }

    #[own::bus::handler_set(crate = self::own::bus)]
    impl r#Box {
        #[own::bus::handler]
        pub(crate) async fn r#move(
            &self,
            _: Tidy,
            _: own::bus::handler::Context,
        ) -> ::std::result::Result<(), TidyError> {
            let _ = self.r#in;
            ::std::result::Result::Err(TidyError::Untidy)
        }

        #[cfg(any())]
        #[own::bus::handler]
        pub(crate) async fn left_out(&self, _: DoesNotExist) {}
    }

    #[own::bus::handler_set(crate = self::own::bus)]
    #[cfg(any())]
    impl LeftOut {
        #[own::bus::handler]
        async fn left_out(&self, _: DoesNotExist) {}
    }

    #[own::bus::batch(Tidy, self::r#Move, crate = self::own::bus)]
    pub(crate) struct r#Type;

    #[own::bus::command(domain = "macro_hygiene", crate = self::own::bus)]
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct r#Move;

    #[own::bus::batch(DoesNotExist, Tidy, crate = self::own::bus)]
    #[cfg(any())]
    pub(crate) struct LeftOutToo;

    pub(crate) fn set() -> r#Box {
        r#Box { r#in: 1 }
    }

    pub(crate) fn list() -> own::bus::handler::HandlerList {
        own::bus::handlers![r#move]
    }
}

#[test]
fn usual_names_may_be_taken() {
    assert_eq!(taken::list().entries()[0].command.name, "Tidy");
    let set = commandbus::handler::IntoHandlers::into_handlers(taken::set());
    assert!(matches!(set.entries(), [entry] if entry.name.ends_with("taken::Box::move")), "{set:?}");
    assert_eq!(<taken::Type as commandbus::bus::BatchKind>::DOMAIN.as_str(), "macro_hygiene");
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
    use std::future::ready;

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

    /// Handlers.
    #[derive(Debug)]
    pub(crate) struct Counters {
        /// What was counted.
        pub(crate) counted: u8,
    }

    #[handler_set]
    impl Counters {
        /// Counts.
        #[handler]
        async fn count(&self, _: Count) -> u8 {
            ready(self.counted).await
        }

        /// Counts again.
        #[handler]
        pub(crate) async fn recount(&self, _: Recount) -> Result<(), Failure> {
            ready(Ok(())).await
        }
    }

    /// Another command.
    #[command(domain = "macro_hygiene_strict")]
    #[derive(Debug, Serialize, Deserialize)]
    pub(crate) struct Recount;

    /// A batch.
    #[batch(Count, Recount)]
    #[derive(Debug)]
    pub(crate) struct Counts;

    /// The number of steps.
    pub(crate) fn steps() -> usize {
        Census::SPEC.steps.len()
    }
}

#[test]
fn every_lint_may_be_denied() {
    use commandbus::{bus::BatchKind, handler::HandlerSet};

    assert_eq!(strict::steps(), 2);
    assert_eq!((strict::Counters::ENTRIES.len(), strict::Counters { counted: 1 }.counted), (2, 1));
    drop(strict::Counts::batch("counts"));
}

#[test]
fn whatever_a_macro_stands_on_may_be_local() {
    use commandbus::{
        handler::{Handler, HandlerSet},
        prelude::*,
    };

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

    struct Locals;

    #[handler_set]
    impl Locals {
        #[handler]
        async fn local(&self, _: Local) {}
    }

    #[batch(Local)]
    struct Together;

    assert_eq!((Locals::ENTRIES[0].command.name, Together::DOMAIN), ("Local", &Local::SPEC.domain));
    assert_eq!(local::ENTRY.command.name, "Local");
    assert_eq!((Errand::SPEC.name, ErrandStep::Go), ("Errand", ErrandStep::Go));
    drop(local(Local));
}

#[test]
fn a_handler_may_have_the_name_of_what_takes_its_parameters() {
    use commandbus::{handler::Handler, prelude::*};

    #[command(domain = "macro_hygiene_names")]
    #[derive(Serialize, Deserialize)]
    struct Take;

    #[command(domain = "macro_hygiene_names")]
    #[derive(Serialize, Deserialize)]
    struct Call;

    #[handler]
    async fn take(_: Take, _: Context) {}

    #[handler]
    async fn caller(_: Call) {}

    assert_eq!([take::ENTRY.command.name, caller::ENTRY.command.name], ["Take", "Call"]);
}

/// Functions with the names that generated code gives to what it needs.
mod named_like_ours {
    use commandbus::prelude::*;

    macro_rules! handlers_named {
        ($($ty:ident $function:ident),*) => {
            $(
                #[command(domain = "macro_hygiene_names", reply = String)]
                #[derive(Serialize, Deserialize)]
                pub(crate) struct $ty;

                #[handler]
                pub(crate) async fn $function(_: $ty, context: Context) -> Result<String, Failure> {
                    Ok(context.command_type().to_owned())
                }
            )*
        };
    }

    handlers_named!(
        Commanded command, Returned returned, Failing failure, Invoked invocation, Handled handler, Known known,
        Shared shared, Set set, Parameter parameter_1, Caller caller, Taken take, Called call
    );

    #[command(domain = "macro_hygiene_names")]
    #[derive(Serialize, Deserialize)]
    pub(crate) struct InASet;

    pub(crate) struct Named;

    #[handler_set]
    impl Named {
        #[handler]
        async fn shared(&self, _: InASet) {}
    }
}

#[tokio::test]
async fn a_handler_may_have_any_name_that_generated_code_uses() {
    use commandbus::{
        handler::{Invocation, Outcome},
        message::Command,
        prelude::*,
    };
    use named_like_ours as ours;

    async fn name_told<C: Command>(entry: &commandbus::handler::HandlerEntry, command: C) -> String {
        let context = Context::for_test(&crate::bus(), &command).unwrap().build();
        let outcome = (entry.call)(Invocation { context }).await;
        let Outcome::Done(Some(reply)) = outcome else { panic!("{outcome:?}") };
        reply.get().to_owned()
    }

    let list = commandbus::handlers![
        ours::command,
        ours::known,
        ours::returned,
        ours::failure,
        ours::invocation,
        ours::handler
    ];
    let entries = list.entries();
    assert_eq!(name_told(&entries[0], ours::Commanded).await, r#""Commanded""#);
    assert_eq!(name_told(&entries[1], ours::Known).await, r#""Known""#);
    assert_eq!(name_told(&entries[2], ours::Returned).await, r#""Returned""#);
    assert_eq!(name_told(&entries[3], ours::Failing).await, r#""Failing""#);
    assert_eq!(name_told(&entries[4], ours::Invoked).await, r#""Invoked""#);
    assert_eq!(name_told(&entries[5], ours::Handled).await, r#""Handled""#);

    let worker = Worker::new(&crate::bus(), "macro_hygiene_names").handlers(ours::Named).partial();
    assert!(worker.check().is_ok());
}
