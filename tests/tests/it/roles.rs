//! The roles of the database: what each may do through the library, and what the database itself refuses it, whatever is
//! tried in SQL.

mod logins;
mod making;
mod operators;
mod readers;
mod senders;
mod shadows;
mod workers;
