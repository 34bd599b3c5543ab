//! TLS to the database.

use commandbus::{error::StoreError, prelude::*};
use commandbus_tests::TlsServer;

use crate::{
    house::{AtWork, Does, Stage, debit, worker},
    support::ask,
    time::soon,
};

#[tokio::test]
async fn a_server_that_insists_on_tls_is_worked_with_and_known_by_its_certificate() {
    let server = TlsServer::start().await;
    let root = format!("sslrootcert={}", server.root().display());

    for parameters in ["sslmode=require".to_owned(), "sslmode=prefer".to_owned(), format!("sslmode=verify-full&{root}")]
    {
        let bus = Bus::connect(&server.url(&parameters)).await.unwrap();
        bus.migrate().await.unwrap();
        let pool = bus.store().as_postgres().unwrap().pool();
        let encrypted: bool = ask(pool, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").await;
        assert!(encrypted, "{parameters}");
        let working = AtWork::start(worker(&bus, &Stage::new()));
        soon(debit(Does::Succeed).send(&bus).await.unwrap().reply()).await.unwrap();
        working.stop().await;
        let bare: i64 = ask(
            pool,
            "select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)
             where a.backend_type = 'client backend' and a.client_addr is not null and not s.ssl",
        )
        .await;
        assert_eq!(bare, 0, "every connection has it, also those of the engine and of who listens");
    }

    // Signed by nobody known, or the certificate of somebody else.
    for url in [server.url("sslmode=verify-full"), server.url_of_other_name(&format!("sslmode=verify-full&{root}"))] {
        let refused = Bus::connect(&url).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unreachable { .. }), "{url}: {refused}");
        assert!(refused.to_string().contains("certificate"), "{url}: {refused}");
    }
    Bus::connect(&server.url_of_other_name(&format!("sslmode=verify-ca&{root}"))).await.unwrap();
    let bare = Bus::connect(&server.url("sslmode=disable")).await.unwrap_err().to_string();
    assert!(bare.contains("no encryption"), "{bare}");
}

#[test]
fn a_program_without_tls_is_told_what_to_enable() {
    // In the words of the driver, which this program, being built with it, never says.
    let told = "TLS upgrade required by connect options but SQLx was built without TLS support enabled";
    let refused = StoreError::from(sqlx::Error::Tls(told.into()));
    assert!(matches!(refused, StoreError::NoTls { .. }) && !refused.is_transient(), "{refused:?}");
    assert!(refused.to_string().contains("enable the feature `tls` of `commandbus`"), "{refused}");
}
