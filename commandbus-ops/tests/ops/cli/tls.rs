use commandbus_tests::TlsServer;

use super::run_on;

#[tokio::test]
async fn a_server_that_insists_on_tls_is_reached_and_known_by_its_certificate() {
    let server = TlsServer::start().await;
    let known = format!("sslmode=verify-full&sslrootcert={}", server.root().display());

    let migrated = run_on(Some(&server.url(&known)), &["migrate", "--domain", "payments"]).await.done();
    assert!(migrated.starts_with("The schema was made"), "{migrated}");
    run_on(Some(&server.url("sslmode=require")), &["doctor"]).await.done();

    let other = run_on(Some(&server.url_of_other_name(&known)), &["doctor"]).await;
    assert_eq!(other.code, 3, "{other:?}");
    assert!(other.err.contains("certificate"), "{}", other.err);
    assert_eq!(run_on(Some(&server.url("sslmode=disable")), &["doctor"]).await.code, 3);
}
