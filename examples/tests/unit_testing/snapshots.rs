//! What others rely on, as files: a change of it is a change of a file, which shows in review.
//!
//! After a change that is meant: `cargo insta review`, or `INSTA_UPDATE=always cargo test --workspace --test unit_testing`.

use std::sync::Arc;

use commandbus::{expansion_of, prelude::*, store::memory::MemoryStore};
use serde_json::Value;

use crate::{
    handlers::charge,
    shop::{ChargeCard, Order},
};

/// What waits in queues while a new version of the program is deployed, which has to read it.
#[test]
fn a_payload_as_it_travels() {
    insta::assert_json_snapshot!(charge());
}

/// The message around it, as other programs see it in PGMQ.
#[tokio::test]
async fn a_message_as_it_travels() {
    let store = Arc::new(MemoryStore::new());
    let bus = Bus::from_store(store.clone());
    charge().send(&bus).await.unwrap();

    let queue = ChargeCard::SPEC.domain.commands_queue();
    let message = store.messages(&queue).remove(0);
    let body: Value = serde_json::from_str(message.body.get()).unwrap();
    insta::assert_json_snapshot!(body, { ".command_id" => "[id]", ".correlation_id" => "[id]" });
    insta::assert_json_snapshot!("the_headers_beside_it", message.headers);
}

/// The state of a process is stored between any two replies, for as long as it takes.
#[test]
fn the_state_of_a_process_as_it_is_stored() {
    insta::assert_json_snapshot!(Order::new(1, "lamp", 2, "4242"));
}

/// Everything that is linked into the program: names, versions, retries, schemas, steps. The one snapshot to have.
#[test]
fn the_catalog() {
    insta::assert_json_snapshot!(commandbus::catalog());
}

/// What a macro makes of an item, for those who want to see, or to be told when an update of the library changes it.
#[test]
fn generated_code() {
    let code = expansion_of! {
        #[command(domain = "till", reply = Receipt, max_attempts = 3, backoff = "10s, 60s")]
        #[derive(Serialize, Deserialize)]
        pub(crate) struct ChargeCard {
            #[command(sensitive)]
            card: String,
        }

        #[derive(Debug, HandlerError)]
        pub(crate) enum ChargeError {
            #[business_rule(code = "CARD_DECLINED")]
            Declined,
        }
    };
    insta::assert_snapshot!(code);
}
