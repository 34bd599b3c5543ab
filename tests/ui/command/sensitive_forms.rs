//! mistake: a bare `#[command]` on a field
//! instead: `#[command(sensitive)]`
//! mistake: a value for `sensitive`
//! instead: `#[command(sensitive)]`
//! mistake: `sensitive` twice on one field
//! instead: one `#[command(sensitive)]`
//! mistake: an option of the type on a field
//! instead: the option in `#[command(..)]` on the type

use commandbus::prelude::*;

#[command(domain = "payments")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    #[command]
    card: String,
    #[command(sensitive = true)]
    code: String,
    #[command(sensitive)]
    #[command(sensitive)]
    holder: String,
    #[command(timeout = "30s")]
    cents: i64,
}

// It is a command all the same: one mistake is one error.
fn used(command: DebitAccount) -> impl Command {
    command
}

fn main() {}
