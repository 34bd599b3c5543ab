//! What must not compile, and the words it is refused with. `TRYBUILD=overwrite` writes them anew, and then
//! `MACRO_ERRORS=overwrite` the table of them in `docs/macro-errors.md`.
//!
//! Each case begins with what is wrong and what to write instead, a pair for each error that it makes, in their order:
//!
//! ```text
//! //! mistake: the domain is missing
//! //! instead: `#[command(domain = "payments")]`
//! ```

mod case;
mod table;

#[test]
fn mistakes_are_reported_once_and_where_they_are() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
