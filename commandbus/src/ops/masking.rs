//! Sensitive fields are masked wherever people look, by the names that they have on the wire.

use serde_json::Value;

use crate::{
    handler::{CommandEntry, HandlerEntry},
    message::Domain,
};

/// What people see in the place of a sensitive value.
///
/// Masked are the fields that `#[command(sensitive)]` marks, at the top of a payload and in the objects directly in it
/// (where serde puts the fields of a variant). The names are those of the version that is linked into this program: an
/// older payload that named a field otherwise shows it. A type that is not linked at all is shown as it is, so that
/// operators of a program without the types are not blind.
pub const MASK: &str = "***";

/// The wire names that are masked in payloads of this type; none when the type is not linked into this program.
pub(super) fn sensitive_fields(domain: &Domain, command_type: &str) -> Vec<&'static str> {
    let commands = inventory::iter::<CommandEntry>().map(|entry| entry.spec);
    let handled = inventory::iter::<HandlerEntry>().map(|entry| entry.command);
    let specs = commands.chain(handled).filter(|spec| spec.domain == *domain && spec.answers_to(command_type));
    specs.flat_map(|spec| spec.sensitive.iter().copied()).collect()
}

/// Masks a payload of a linked type.
pub(super) fn mask(domain: &Domain, command_type: &str, payload: &mut Option<Value>) {
    let sensitive = sensitive_fields(domain, command_type);
    if let Some(payload) = payload
        && !sensitive.is_empty()
    {
        mask_fields(payload, &sensitive);
    }
}

fn mask_fields(payload: &mut Value, sensitive: &[&str]) {
    for_each_sensitive(payload, sensitive, &mut |_, value| {
        *value = MASK.into();
        Ok::<(), ()>(())
    })
    .unwrap_or_default();
}

/// Whether a sensitive field says [`MASK`].
pub(super) fn has_mask(payload: &Value, sensitive: &[&str]) -> bool {
    let looked = for_each_sensitive(&mut payload.clone(), sensitive, &mut |_, value| {
        if *value == MASK { Err(()) } else { Ok(()) }
    });
    looked.is_err()
}

/// Puts what is stored in the place of every mask; `Err` names a field that stores nothing.
pub(super) fn unmask(payload: &mut Value, stored: &Value, sensitive: &[&str]) -> Result<(), String> {
    for_each_sensitive(payload, sensitive, &mut |path, value| {
        if *value == MASK {
            *value = path.iter().try_fold(stored, |at, key| at.get(key)).ok_or_else(|| path.join("."))?.clone();
        }
        Ok(())
    })
}

/// Visits every sensitive field with the way to it, until one says no.
fn for_each_sensitive<E>(
    payload: &mut Value,
    sensitive: &[&str],
    visit: &mut impl FnMut(&[&str], &mut Value) -> Result<(), E>,
) -> Result<(), E> {
    for (key, value) in payload.as_object_mut().into_iter().flatten() {
        if sensitive.contains(&key.as_str()) {
            visit(&[key], value)?;
            continue;
        }
        for (inner, value) in value.as_object_mut().into_iter().flatten() {
            if sensitive.contains(&inner.as_str()) {
                visit(&[key, inner], value)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SENSITIVE: [&str; 2] = ["card", "cvc"];

    #[test]
    fn fields_are_masked_at_the_top_and_in_the_objects_there() {
        let mut payload = json!({
            "card": {"number": 1}, "cents": 5, "Card": {"cvc": 123, "owner": "Ada"}, "deeper": {"still": {"cvc": 1}},
            "list": [{"cvc": 1}], "cvc": null,
        });
        mask_fields(&mut payload, &SENSITIVE);
        let masked = json!({
            "card": "***", "cents": 5, "Card": {"cvc": "***", "owner": "Ada"}, "deeper": {"still": {"cvc": 1}},
            "list": [{"cvc": 1}], "cvc": "***",
        });
        assert_eq!(payload, masked);
        for odd in [json!(5), json!(["card"]), json!("card"), json!(null)] {
            let mut payload = odd.clone();
            mask_fields(&mut payload, &SENSITIVE);
            assert_eq!(payload, odd);
        }
    }

    #[test]
    fn a_mask_that_is_left_gives_way_to_what_is_stored() {
        let stored = json!({"card": "4242", "Card": {"cvc": 123}, "cents": 5});
        let mut edited = json!({"card": "***", "Card": {"cvc": "***"}, "cents": 6, "note": "***"});
        assert!(has_mask(&edited, &SENSITIVE));
        unmask(&mut edited, &stored, &SENSITIVE).unwrap();
        assert_eq!(edited, json!({"card": "4242", "Card": {"cvc": 123}, "cents": 6, "note": "***"}));

        let mut written = json!({"card": "5353", "cents": 6});
        assert!(!has_mask(&written, &SENSITIVE));
        unmask(&mut written, &stored, &SENSITIVE).unwrap();
        assert_eq!(written["card"], "5353");

        let mut nothing = json!({"Account": {"cvc": "***"}});
        assert_eq!(unmask(&mut nothing, &stored, &SENSITIVE), Err("Account.cvc".to_owned()));
    }
}
