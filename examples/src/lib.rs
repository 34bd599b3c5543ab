//! Examples of commandbus: each is a program of its own in `src/bin`; `tests/unit_testing` is how one
//! tests itself.
