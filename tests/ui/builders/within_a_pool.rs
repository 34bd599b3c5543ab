//! mistake: the pool where a transaction is meant
//! instead: `.within(&mut tx)`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64)]
#[derive(Serialize, Deserialize)]
struct DebitAccount;

async fn used(bus: Bus, mut pool: sqlx::PgPool) {
    let _ = DebitAccount.send(&bus).within(&mut pool).await;
}

fn main() {}
