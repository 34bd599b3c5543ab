use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::message::CommandSpec;

#[derive(Deserialize)]
struct Euros {
    euros: i64,
}

#[derive(Deserialize)]
struct Cents {
    cents: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Amount {
    cents: u32,
    currency: String,
}

fn to_cents(old: Euros) -> Cents {
    Cents { cents: old.euros * 100 }
}

fn to_amount(old: Cents) -> Result<Amount, std::num::TryFromIntError> {
    Ok(Amount { cents: old.cents.try_into()?, currency: "EUR".into() })
}

impl Command for Amount {
    type Reply = ();
    const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Amount")
        .with_version(4)
        .with_upcasts(Upcasts::new(&[2, 3], |stored| stored.first(2, to_cents).then(3, to_amount).end::<Self>()));
}

fn read_amount(version: u32, data: &Value) -> Result<Amount, String> {
    read(version, &serde_json::value::to_raw_value(data).unwrap()).map_err(|error| error.to_string())
}

fn amount(cents: u32) -> Amount {
    Amount { cents, currency: "EUR".into() }
}

#[test]
fn every_known_version_becomes_the_current_one() {
    assert_eq!(read_amount(4, &json!({"cents": 5, "currency": "EUR"})), Ok(amount(5)));
    assert_eq!(read_amount(3, &json!({"cents": 5})), Ok(amount(5)));
    assert_eq!(read_amount(2, &json!({"euros": 5})), Ok(amount(500)));
}

#[test]
fn what_cannot_be_read_says_which_version_it_came_in() {
    let refused = |version, data| read_amount(version, &data).unwrap_err();
    assert!(refused(4, json!({})).starts_with("the payload is not a `Amount`: missing field `cents`"));
    assert!(refused(2, json!({})).starts_with("the payload is not version 2 of `Amount`: missing field `euros`"));
    let negative = refused(2, json!({"euros": -1}));
    assert!(negative.starts_with("version 3 of `Amount` could not be made version 4: out of range"), "{negative}");
    for version in [0, 1, 5] {
        let expected = format!("the payload is version {version} of `Amount`, but this program knows 2, 3 and 4");
        assert_eq!(refused(version, json!({"cents": 5, "currency": "EUR"})), expected);
    }
}

#[test]
fn version_one_needs_no_header() {
    let mut headers = None;
    set_version(&mut headers, 1);
    assert_eq!(headers, None);
    set_version(&mut headers, 3);
    assert_eq!(headers.as_ref().map(version_of), Some(3));
    set_version(&mut headers, 1);
    assert_eq!(headers, None);

    let mut others = json!({"traceparent": "00-1-2-01"}).as_object().cloned();
    set_version(&mut others, 2);
    set_version(&mut others, 1);
    assert_eq!(others.as_ref().map(|headers| (headers.len(), version_of(headers))), Some((1, 1)));
}

#[test]
fn what_names_no_version_is_none_that_a_type_has() {
    let version = |value: Value| version_of(&Map::from_iter([(VERSION_HEADER.to_owned(), value)]));
    assert_eq!((version(json!(2)), version(json!("2"))), (2, 2), "others may write it as text");
    for odd in [json!("two"), json!(-1), json!(1.5), json!(null), json!(5_000_000_000_u64)] {
        assert_eq!(version(odd), 0);
    }
}
