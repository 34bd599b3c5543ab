//! What the role of a store's connections may do: with the tables, or only through the procedures for senders.

use super::connections::{Call, Connections};
use crate::error::StoreError;

/// What the role may do. One that may do neither is a sender, and each of its procedures asks which domains it may send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    /// It reads the tables.
    pub(super) reads: bool,
    /// It writes what it sends into the tables itself.
    pub(super) writes: bool,
}

impl Access {
    /// What to call to send commands: with these procedures everything else of a call is the same.
    pub(super) fn send_commands(self) -> &'static str {
        if self.writes {
            "select commandbus.send_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        } else {
            "select commandbus.sender_send_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        }
    }

    pub(super) fn open_batch(self) -> &'static str {
        if self.writes {
            "select commandbus.open_batch($1, $2, $3, $4, $5, $6, $7)"
        } else {
            "select commandbus.sender_open_batch($1, $2, $3, $4, $5, $6, $7)"
        }
    }

    pub(super) fn close_batch(self) -> &'static str {
        if self.writes {
            "select commandbus.close_batch($1, $2, $3)"
        } else {
            "select commandbus.sender_close_batch($1, $2, $3)"
        }
    }
}

/// The newest migration of the database, with the oldest version of a program that works on it, and what this role may do.
pub(super) async fn look(connections: &Connections) -> Result<(Option<Newest>, Access), StoreError> {
    let (version, compatible_with, reads, writes): (Option<i32>, Option<i32>, Option<bool>, Option<bool>) =
        sqlx::query_as(
            "select n.version, n.compatible_with, has_table_privilege(to_regclass('commandbus.command'), 'select'),
                    has_table_privilege(to_regclass('commandbus.command'), 'insert')
             from (values (true)) as one
             left join (
                 select version, compatible_with from commandbus.schema_migrations order by version desc limit 1
             ) as n on true",
        )
        .call_one(connections)
        .await?;
    let newest = version.map(|version| (version, compatible_with));
    Ok((newest, Access { reads: reads.unwrap_or(true), writes: writes.unwrap_or(true) }))
}

/// Version, and from which version on a program works on it where it knows only older ones.
type Newest = (i32, Option<i32>);
