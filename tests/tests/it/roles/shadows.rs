//! What runs with the rights of its owner cannot be made to call, or to read, what the caller put in the way.

use serde_json::json;
use uuid::Uuid;

use super::logins::{Guarded, Login};
use crate::{house::Does, house::debit, support::column};
use commandbus::prelude::*;

/// Things named as what the procedures use, each of which tells that it was used.
const TRAPS: &str = "
    create function {schema}.trap() returns boolean language plpgsql as $$ begin raise 'shadowed' using errcode = 'TRAP1'; end $$;
    create function {schema}.pg_has_role(name, oid, text) returns boolean language sql as 'select {schema}.trap()';
    create function {schema}.has_table_privilege(name, text, text) returns boolean language sql as 'select {schema}.trap()';
    create function {schema}.jsonb_build_object(variadic text[]) returns jsonb language sql as 'select to_jsonb({schema}.trap())';
    create function {schema}.format(text, text) returns text language sql as 'select {schema}.trap()::text';
    create function {schema}.nextval(regclass) returns bigint language sql as 'select {schema}.trap()::int::bigint';
    create function {schema}.clock_timestamp() returns timestamptz language sql as 'select {schema}.trap()::text::timestamptz';
    create function {schema}.right(text, int) returns text language sql as 'select {schema}.trap()::text';
    create function {schema}.eq(text, text) returns boolean language sql as 'select {schema}.trap()';
    create operator {schema}.= (leftarg = text, rightarg = text, function = {schema}.eq);
    create operator {schema}.|| (leftarg = text, rightarg = text, function = {schema}.eq);
    create operator {schema}.<> (leftarg = text, rightarg = text, function = {schema}.eq);
    create table {schema}.pg_roles (rolname name, oid oid);
    insert into {schema}.pg_roles values ('commandbus_send_billing', 0);
    create table {schema}.command (domain text, command_id uuid);
    create table {schema}.batch_status (domain text, batch_id uuid);
    create table {schema}.meta (queue_name text);
    insert into {schema}.meta values ('billing__commands');";

async fn sender(guarded: &Guarded) -> Login {
    guarded.login(&["commandbus_send_payments"]).await
}

/// Every procedure that runs with the rights of its owner, called about `domain`.
fn calls(domain: &str) -> Vec<String> {
    let batch = Uuid::now_v7();
    let send = |batch: &str| {
        format!(
            "select commandbus.sender_send_commands('{domain}', array[gen_random_uuid()], '{{X}}', array[gen_random_uuid()],
             '{{\"{{}}\"}}', null, '{{{domain}__replies}}', '{{1}}', null, null{batch})"
        )
    };
    vec![
        send(""),
        format!(
            "select commandbus.sender_open_batch('{domain}', '{batch}', 'x', null, null); {};
             select commandbus.sender_close_batch('{domain}', '{batch}', 1)",
            send(&format!(", '{batch}'"))
        ),
        format!("select commandbus.sender_replies('{domain}', array[gen_random_uuid()])"),
        format!("select commandbus.sender_commands('{domain}', array[gen_random_uuid()])"),
        format!("select commandbus.sender_batches('{domain}', array[gen_random_uuid()])"),
        format!("select commandbus.sender_missing_queue('{domain}', '{{{domain}__commands}}')"),
    ]
}

#[tokio::test]
async fn every_procedure_with_the_rights_of_its_owner_is_tried_and_nobody_may_call_it_unasked() {
    let guarded = Guarded::new().await;
    let definers: Vec<String> = column(
        &guarded.house.pool,
        "select proname::text from pg_proc where pronamespace = 'commandbus'::regnamespace and prosecdef order by 1",
    )
    .await;
    let tried = calls("payments").concat();
    assert!(definers.len() > 5 && definers.iter().all(|name| tried.contains(&format!("{name}("))), "{definers:?}");
    let open: Vec<String> = column(
        &guarded.house.pool,
        "select proname::text from pg_proc where pronamespace = 'commandbus'::regnamespace and prosecdef
           and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) as a where a.grantee = 0)",
    )
    .await;
    assert_eq!(open, Vec::<String>::new(), "public may call these");
    guarded.end([]).await;
}

#[tokio::test]
async fn neither_a_search_path_nor_temporary_things_lead_a_procedure_astray() {
    let guarded = Guarded::new().await;
    let sender = sender(&guarded).await;
    // Of a schema that somebody was so kind to make.
    guarded.house.run(&format!("create schema evil; {}", TRAPS.replace("{schema}", "evil"))).await;
    guarded
        .house
        .run("grant usage on schema evil to public; grant select on all tables in schema evil to public")
        .await;
    let temporary = TRAPS.replace("{schema}", "pg_temp");
    let ways = [
        "set search_path = evil, pg_catalog, public".to_owned(),
        "set search_path = evil, pg_catalog, commandbus, pgmq".to_owned(),
        format!("{temporary}; set search_path = pg_temp, pg_catalog, public"),
    ];
    for way in &ways {
        for call in calls("payments") {
            assert_eq!(sender.tries(&format!("{way}; {call}")).await, None, "{way}; {call}");
        }
        for call in calls("billing") {
            assert_eq!(sender.tries(&format!("{way}; {call}")).await.as_deref(), Some("42501"), "{way}; {call}");
        }
    }
    // The traps work: whoever looks there falls in.
    let fallen = sender.tries("set search_path = evil, pg_catalog; select 'a'::text = 'b'::text").await;
    assert_eq!(fallen.as_deref(), Some("TRAP1"));
    guarded.end([sender]).await;
}

#[tokio::test]
async fn what_is_hostile_in_a_payload_is_data_to_the_procedures_of_senders() {
    let guarded = Guarded::new().await;
    let sender = sender(&guarded).await;
    let hostile = "'); drop table commandbus.command; -- %I %s $1 \\ \u{202e}\u{7}";
    let command = commandbus::bus::UntypedCommand::new(
        crate::support::PAYMENTS.clone(),
        hostile,
        json!({ hostile: [hostile, { hostile: null }] }),
    );
    let sent = sender.bus.send_untyped(command.group(hostile)).await.unwrap();
    let seen = sender.bus.commands().get(&crate::support::PAYMENTS, sent.id()).await.unwrap().unwrap();
    assert_eq!((seen.command_type.as_str(), seen.group.as_deref()), (hostile, Some(hostile)));
    debit(Does::Succeed).send(&sender.bus).await.unwrap();
    guarded.end([sender]).await;
}
