//! mistake: a worker runs before it is built
//! instead: `.build()?.run_until(shutdown)`

use commandbus::prelude::*;

async fn used(bus: Bus) {
    let _ = Worker::new(&bus, "payments").run_until(async {}).await;
}

fn main() {}
