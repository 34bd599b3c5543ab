//! Sending through a bus on PostgreSQL: in the caller's transaction, in groups, and with a reply.

mod groups;
mod options;
mod replies;
mod within;
