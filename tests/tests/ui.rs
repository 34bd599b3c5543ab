//! What must not compile, and the words it is refused with. `TRYBUILD=overwrite` writes them anew.

#[test]
fn mistakes_are_reported_once_and_where_they_are() {
    let cases = trybuild::TestCases::new();
    for suite in ["batch", "command", "handler", "handler_error", "handler_set", "handlers", "process"] {
        cases.compile_fail(format!("ui/{suite}/*.rs"));
    }
}
