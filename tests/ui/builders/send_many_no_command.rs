//! mistake: things that are no commands are sent
//! instead: a type with `#[command]`

use commandbus::prelude::*;

struct Receipt;

async fn used(bus: Bus) {
    let _ = bus.send_many([Receipt, Receipt]).await;
}

fn main() {}
