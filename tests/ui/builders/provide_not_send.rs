//! mistake: a state that stays on one thread is provided
//! instead: `Arc` in place of `Rc`

use commandbus::prelude::*;

async fn used(bus: Bus) {
    let _ = Worker::new(&bus, "payments").provide(std::rc::Rc::new(1));
}

fn main() {}
