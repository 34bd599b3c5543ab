//! Examples of commandbus: each is a program of its own in `src/bin`.
