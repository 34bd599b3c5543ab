//! Words that people write where they do not belong: those of another of our attributes, and those of other systems.

/// Our own key for it, if there is one, and what to write.
pub(crate) fn elsewhere(attribute: &str, word: &str) -> Option<(Option<&'static str>, &'static str)> {
    Some(match (attribute, word) {
        ("`#[command]`", "queue" | "topic" | "channel") => (Some("domain"), "write `domain = \"payments\"`"),
        ("`#[command]`", "retries" | "max_retries" | "attempts") => {
            (Some("max_attempts"), "write `max_attempts = 5`, which counts the first attempt")
        }
        ("`#[command]`", "deadline") => (Some("timeout"), "one attempt has a `timeout`, a process has a `deadline`"),
        ("`#[command]`", "sensitive") => (None, "mark the field, `#[command(sensitive)]`"),
        (
            "`#[command]` on a field",
            "domain" | "reply" | "name" | "aliases" | "version" | "upcast" | "max_attempts" | "backoff" | "timeout"
            | "group_by",
        ) => (None, "it is said of the whole command, above the type"),
        (
            "`#[handler]`" | "`#[handler_set]`",
            "domain" | "reply" | "name" | "aliases" | "version" | "upcast" | "max_attempts" | "backoff" | "timeout"
            | "group_by",
        ) => (None, "it is said of the command, in its `#[command(..)]`"),
        ("`#[process]`", "timeout") => {
            (None, "a step has a `timeout`, `#[step(timeout = \"30s\")]`; a process has a `deadline`")
        }
        ("`#[process]`", "reply" | "max_attempts" | "backoff" | "group_by") => {
            (None, "it is said of the command that a step sends, in its `#[command(..)]`")
        }
        ("`#[step]`", "deadline") => (Some("timeout"), "a step has a `timeout`, a process has a `deadline`"),
        ("`#[step]`", "domain" | "reply" | "max_attempts" | "backoff" | "group_by") => {
            (None, "it is said of the command that the step sends, in its `#[command(..)]`")
        }
        _ => return None,
    })
}
