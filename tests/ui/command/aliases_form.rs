//! mistake: one alias after `=`
//! instead: `aliases("Debit")`
//! mistake: an alias that is the name
//! instead: leave it out
//! mistake: a name with a control character
//! instead: `name = "DebitAccount"`

use commandbus::prelude::*;

#[command(domain = "payments", aliases = "Debit")]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

#[command(domain = "payments", aliases("CreditAccount"))]
#[derive(Serialize, Deserialize)]
struct CreditAccount;

#[command(domain = "payments", name = "Close\nAccount")]
#[derive(Serialize, Deserialize)]
struct CloseAccount;

fn main() {}
