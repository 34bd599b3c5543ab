use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    cli::{program, run_on},
    house::House,
};

/// A server that ends with its test.
pub(crate) struct Server {
    pub(crate) child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(command: Command) -> Self {
        Self::logging_to(command, Stdio::null())
    }

    fn logging_to(mut command: Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut told = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !told.ends_with("}\n") {
            assert!(out.read_line(&mut told).unwrap() > 0, "it ended: {told}");
        }
        let told: Value = serde_json::from_str(&told).unwrap();
        Self { child, address: told["listening"].as_str().unwrap().to_owned() }
    }

    /// The first line of the answer, and its body.
    pub(crate) fn get(&self, path: &str, more: &str) -> (String, String) {
        self.ask("GET", path, more, "")
    }

    fn ask(&self, method: &str, path: &str, more: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, length) = (&self.address, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_serves_who_shows_a_token() {
    let house = House::new().await;
    let folder = std::env::temp_dir().join(format!("commandbus-tokens-{}", std::process::id()));
    std::fs::write(&folder, "# who may come in\nolivia view,operate 0123456789abcdef0123\n").unwrap();
    let mut command = program(Some(house.database.url()));
    command.args(["serve", "--listen", "0.0.0.0:0", "--json", "--tokens"]).arg(&folder);
    let server = tokio::task::spawn_blocking(move || Server::start(command)).await.unwrap();
    std::fs::remove_file(&folder).unwrap();

    let (status, _) = server.get("/api/queues", "");
    assert!(status.contains("401"), "{status}");
    let (status, body) = server.get("/api/queues", "Authorization: Bearer 0123456789abcdef0123\r\n");
    assert!(status.contains("200") && body.contains("payments"), "{status} {body}");
    assert!(server.get("/healthz/ready", "").0.contains("200"));
}

#[tokio::test]
async fn without_tokens_it_serves_the_machine_itself_only() {
    let house = House::new().await;
    let url = Some(house.database.url());
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.7:8080"] {
        let exposed = run_on(url, &["serve", "--listen", address]).await;
        assert_eq!(exposed.code, 1);
        assert!(exposed.err.contains("nobody would be asked who they are: give tokens"), "{}", exposed.err);
    }
    let mut command = program(url);
    command.args(["serve", "--listen", "127.0.0.1:0", "--json"]);
    let server = tokio::task::spawn_blocking(move || Server::start(command)).await.unwrap();
    let (status, body) = server.get("/api/me", "");
    assert!(status.contains("200") && body.contains("{\"name\":\"olivia\",\"rights\":[\"view\"]}"), "{status} {body}");
}

#[tokio::test]
async fn a_file_of_tokens_that_lets_in_anybody_or_nobody_is_refused() {
    let house = House::new().await;
    let path = std::env::temp_dir().join(format!("commandbus-bad-tokens-{}", std::process::id()));
    for (text, says) in [
        ("olivia view short\n", "fewer than 16 characters"),
        ("olivia everything 0123456789abcdef\n", "`everything` is no right"),
        ("olivia\n", "write a name, rights and a secret"),
        ("# nobody\n", "names nobody"),
    ] {
        std::fs::write(&path, text).unwrap();
        let refused = house.cli(&["serve", "--tokens", path.to_str().unwrap()]).await;
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(says), "{}", refused.err);
        assert!(!refused.err.contains("0123456789abcdef"), "the secret is not told");
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_log_at_debug_level_tells_neither_payloads_nor_credentials() {
    let house = House::new().await;
    let parked = house.parked(3, "BANK_DOWN").await;
    let folder = std::env::temp_dir();
    let (tokens, log) = (
        folder.join(format!("commandbus-logged-tokens-{}", std::process::id())),
        folder.join(format!("commandbus-log-{}", std::process::id())),
    );
    std::fs::write(&tokens, "olivia all token-that-nobody-may-read\n").unwrap();
    let mut command = program(Some(house.database.url()));
    command.env("RUST_LOG", "debug").args(["serve", "--listen", "127.0.0.1:0", "--allow-writes", "--json", "--tokens"]);
    command.arg(&tokens);
    let file = std::fs::File::create(&log).unwrap();
    let server = tokio::task::spawn_blocking(move || Server::logging_to(command, file.into())).await.unwrap();

    let basic = STANDARD.encode("any:token-that-nobody-may-read");
    let known = "Authorization: Bearer token-that-nobody-may-read\r\nContent-Type: application/json\r\n";
    let secret =
        |field: &str| format!("{{\"{field}\": {{\"card\": \"payload-that-nobody-may-read\"}}, \"reason\": \"r\"}}");
    let command = r#""domain": "payments", "command_type": "ChargeCard""#;
    let one = format!(r#"{{{command}, "data": {{"card": "payload-that-nobody-may-read"}}}}"#);
    let verb = |id: usize, verb: &str| format!("/api/troubleshooting/payments/{}/{verb}", parked[id]);
    for (path, body, expected) in [
        ("/api/commands".to_owned(), one.clone(), "201"),
        ("/api/commands".to_owned(), one.replace('}', ""), "400"),
        ("/api/commands".to_owned(), one.replace("payments", "no such domain"), "4"),
        (verb(0, "retry"), secret("payload"), "204"),
        (verb(1, "complete"), secret("result"), "204"),
        (verb(2, "cancel"), secret("nothing"), "422"),
    ] {
        let (status, answer) = server.ask("POST", &path, known, &body);
        assert!(status.contains(&format!(" {expected}")), "{path}: {status} {answer}");
    }
    for path in ["/commands", "/troubleshooting", "/api/commands", "/metrics"] {
        assert!(server.get(path, &format!("Authorization: Basic {basic}\r\n")).0.contains("200"));
        assert!(server.get(path, "Authorization: Bearer guess-that-nobody-may-read\r\n").0.contains("401"));
    }
    drop(server);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("DEBUG") && text.contains("/api/troubleshooting/payments"), "it logs at all: {text}");
    for part in ["that-nobody-may-read", &basic, "Bearer", "Basic"] {
        let told: Vec<&str> = text.lines().filter(|line| line.contains(part)).collect();
        assert!(told.is_empty(), "{part}: {told:#?}");
    }
    std::fs::remove_file(tokens).unwrap();
    std::fs::remove_file(log).unwrap();
}
