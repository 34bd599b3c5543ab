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

    pub(crate) fn list() -> own::bus::handler::HandlerList {
        own::bus::handlers![r#move]
    }
}

#[test]
fn usual_names_may_be_taken() {
    assert_eq!(taken::list().entries()[0].command.name, "Tidy");
}

#[test]
fn commands_and_handlers_may_be_local() {
    use commandbus::{handler::Handler, prelude::*};

    #[command(domain = "macro_hygiene_local")]
    #[derive(Serialize, Deserialize)]
    struct Local;

    #[handler]
    async fn local(_: Local) {}

    assert_eq!(local::ENTRY.command.name, "Local");
    drop(local(Local));
}
