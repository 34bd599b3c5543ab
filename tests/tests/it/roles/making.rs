//! Making the roles: again and again, by whoever may, or by hand.

use commandbus::{error::StoreError, message::Domain, prelude::*};
use commandbus_tests::TestDatabase;

use super::logins::{BILLING, Guarded};
use crate::{
    house::{Does, debit},
    support::{PAYMENTS, ask, column, run},
};

#[tokio::test]
async fn roles_are_made_once_and_can_be_made_again() {
    let guarded = Guarded::new().await;
    assert_eq!(guarded.store().make_roles(&[PAYMENTS.clone(), BILLING.clone()]).await.unwrap(), 0);
    let logins: Vec<String> = guarded
        .house
        .column("select rolname::text from pg_roles where rolname ~ '^commandbus_(reader|worker|operator|send_)' and rolcanlogin")
        .await;
    assert_eq!(logins, Vec::<String>::new());
    guarded.end([]).await;
}

#[tokio::test]
async fn what_is_printed_is_what_would_be_done() {
    let guarded = Guarded::new().await;
    let statements = guarded.store().role_statements(std::slice::from_ref(&PAYMENTS)).await.unwrap();
    assert!(statements.iter().all(|statement| statement.starts_with("grant ")), "they are there: {statements:#?}");
    // By hand, in a database that has none of it.
    let other = TestDatabase::new().await;
    let pool = other.pool().await;
    run(&pool, "select commandbus.ensure_queue(q) from unnest('{payments__commands,payments__replies,payments__process_replies,
                billing__commands,billing__replies,billing__process_replies}'::text[]) as q").await;
    run(&pool, &statements.join(";\n")).await;
    let grants = "select format('%s %s %s', c.oid::regclass, a.privilege_type, a.grantee::regrole)
                  from pg_class c, lateral aclexplode(c.relacl) as a
                  where c.relnamespace in ('commandbus'::regnamespace, 'pgmq'::regnamespace)
                    and a.grantee::regrole::text ~ '^commandbus_(reader|worker|operator|send_payments)$' order by 1";
    let (by_hand, made): (Vec<String>, Vec<String>) =
        (column(&pool, grants).await, column(&guarded.house.pool, grants).await);
    assert!(by_hand.len() > 50);
    assert_eq!(by_hand, made);
    guarded.end([]).await;
}

#[tokio::test]
async fn who_may_not_make_roles_is_told_and_changes_nothing() {
    let guarded = Guarded::new().await;
    let nobody = guarded.login(&["commandbus_worker"]).await;
    let store = nobody.bus.store().as_postgres().unwrap();
    let new = Domain::from_static("role_of_nobody");
    let refused = store.make_roles(std::slice::from_ref(&new)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotPermitted { .. }), "{refused}");
    let there: bool = ask(
        &guarded.house.pool,
        "select exists (select from pg_roles where rolname = 'commandbus_send_role_of_nobody')",
    )
    .await;
    assert!(!there);
    guarded.end([nobody]).await;
}

#[tokio::test]
async fn a_migration_needs_no_right_to_make_roles_and_renews_the_grants() {
    let guarded = Guarded::new().await;
    let login = guarded.login(&["commandbus_worker"]).await;
    // As a later version would find it: a table that the roles know nothing of.
    guarded
        .house
        .run("create table commandbus.added (id int); delete from commandbus.schema_migrations where version >= 19")
        .await;
    assert_eq!(login.tries("select from commandbus.added").await.as_deref(), Some("42501"));
    guarded.house.bus.migrate().await.unwrap();
    assert_eq!(login.tries("select from commandbus.added").await, None);
    debit(Does::Succeed).send(&login.bus).await.unwrap();
    guarded.end([login]).await;
}
