//! Workers on PostgreSQL through their lives, bad days included.

mod crashes;
mod endings;
mod leases;
mod outages;
mod strangers;
