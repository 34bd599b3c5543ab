//! A program that names the crate of its handlers. One that does not is `macros`.

use commandbus::{bus::Bus, worker::Worker};
use unlinked as _;

#[tokio::test]
async fn a_crate_that_is_named_brings_its_handlers() {
    let bus = Bus::in_memory();
    Worker::new(&bus, "unlinked").check().unwrap();
}
