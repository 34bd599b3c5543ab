//! mistake: something that is no process is started
//! instead: `#[process(..)]` on an `impl` of the type

use commandbus::prelude::*;

struct Receipt;

async fn used(bus: Bus) {
    let _ = Receipt.start(&bus).await;
}

fn main() {}
