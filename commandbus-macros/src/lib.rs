//! The macros of commandbus.
