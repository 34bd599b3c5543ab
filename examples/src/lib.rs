//! Examples of commandbus: each is a program of its own in `src/bin`; `tests/unit_testing` shows how one tests itself.
