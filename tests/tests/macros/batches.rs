//! `#[batch]`: a name for a batch of several types of commands.

use commandbus::{bus::BatchError, prelude::*};

/// Commands of another module; for the rules it might be another crate.
mod payments {
    use commandbus::prelude::*;

    #[command(domain = "macro_batches")]
    #[derive(Serialize, Deserialize)]
    pub(crate) struct Debit {
        pub(crate) cents: i64,
    }

    #[command(domain = "macro_batches", name = "credit")]
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Credit {
        Cents(i64),
    }
}

use payments::Credit;

/// The item stays as it is, with what else stands on it.
#[batch(payments::Debit, Credit, crate = commandbus)]
#[derive(Debug, Default, PartialEq)]
struct Settlement {
    month: &'static str,
}

#[batch(Credit)]
struct Credits;

#[tokio::test]
async fn commands_of_several_types_are_one_batch() {
    let bus = Bus::in_memory();
    let batch = Settlement::batch("November")
        .push(payments::Debit { cents: 500 })
        .extend([200, 300].map(Credit::Cents))
        .send(&bus)
        .await
        .unwrap();
    let stored = batch.metadata().await.unwrap();
    assert_eq!(
        (stored.domain.as_str(), stored.name.as_deref(), stored.total_count),
        ("macro_batches", Some("November"), 3)
    );
}

#[tokio::test]
async fn an_iterator_without_commands_makes_no_batch() {
    let error =
        Credits::batch("nothing").extend(std::iter::empty::<Credit>()).send(&Bus::in_memory()).await.unwrap_err();
    assert!(matches!(error, BatchError::EmptyBatch), "{error}");
}

#[test]
fn the_domain_of_a_batch_is_that_of_its_commands() {
    assert_eq!(Settlement::DOMAIN, &Credit::SPEC.domain);
    assert_eq!(Settlement::default(), Settlement { month: "" });
}
