//! mistake: a state without `Clone` is provided
//! instead: `#[derive(Clone)]`, or an `Arc` around it

use commandbus::prelude::*;

struct Receipt;

async fn used(bus: Bus) {
    let _ = Worker::new(&bus, "payments").provide(Receipt);
}

fn main() {}
