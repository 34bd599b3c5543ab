//! mistake: something that is no command is sent
//! instead: a type with `#[command]`

use commandbus::prelude::*;

struct Receipt;

async fn used(bus: Bus) {
    let _ = Receipt.send(&bus).await;
}

fn main() {}
