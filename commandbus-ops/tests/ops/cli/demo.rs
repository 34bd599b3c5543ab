use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::cli::{program, run_on, serving::Server};

/// Every list of the API, and what it has to show.
const LISTS: [&str; 17] = [
    "/api/commands",
    "/api/commands?status=PENDING",
    "/api/commands?status=CANCELED",
    "/api/troubleshooting",
    "/api/troubleshooting/groups",
    "/api/operations",
    "/api/batches?batch_type=COMMAND&has_ended=false",
    "/api/batches?batch_type=COMMAND&has_ended=true",
    "/api/batches?batch_type=PROCESS&has_ended=false",
    "/api/batches?batch_type=PROCESS&has_ended=true",
    "/api/processes?status=COMPLETED",
    "/api/processes?status=CANCELED",
    "/api/processes?status=WAITING_FOR_TSQ",
    "/api/audit",
    "/api/audit?event=OPERATOR_RETRY",
    "/api/queues",
    "/api/workers",
];

fn is_filled(found: &Value) -> bool {
    let items = found.get("items").unwrap_or(found);
    items.as_array().is_some_and(|items| !items.is_empty())
}

fn tell_to_stop(server: &mut Server, signal: &str) -> Option<i32> {
    let told = Command::new("kill").args([signal, &server.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(status) = server.child.try_wait().unwrap() {
            return status.code();
        }
        assert!(Instant::now() < deadline, "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_demo_fills_every_list_and_leaves_nothing_behind() {
    let folder = std::env::temp_dir().join(format!("demo-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    // The server of root runs as somebody else, who has to come in.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();

    for signal in ["-TERM", "-INT"] {
        let mut command = program(None);
        command.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--json"]).env("TMPDIR", &folder);
        let mut server = Server::start(command);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "where its database lives");

        let deadline = Instant::now() + Duration::from_secs(120);
        for path in LISTS {
            loop {
                let (status, body) = server.get(path, "");
                assert!(status.contains("200"), "{path}: {status} {body}");
                if is_filled(&serde_json::from_str(&body).unwrap()) {
                    break;
                }
                assert!(Instant::now() < deadline, "{path} stays empty");
                std::thread::sleep(Duration::from_millis(50));
            }
            if signal == "-INT" {
                break;
            }
        }
        let (_, charges) = server.get("/api/troubleshooting?code=CARD_EXPIRED&limit=1", "");
        assert!(!charges.contains("4000 0000"), "{charges}");
        assert!(server.get("/api/me", "").1.contains("operate"));

        assert_eq!(tell_to_stop(&mut server, signal), Some(0));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "its database is gone");
    }
    fs::remove_dir(&folder).unwrap();
}

#[tokio::test]
async fn a_demo_that_cannot_listen_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run_on(None, &["serve", "--demo", "--listen", &address]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains(&format!("cannot listen on {address}")), "{}", refused.err);
    assert!(refused.err.contains("Choose another port with `--listen`"), "{}", refused.err);

    let exposed = run_on(None, &["serve", "--demo", "--listen", "0.0.0.0:0"]).await;
    assert_eq!(exposed.code, 1);
    assert!(exposed.err.contains("listens on the machine itself only"), "{}", exposed.err);
}
