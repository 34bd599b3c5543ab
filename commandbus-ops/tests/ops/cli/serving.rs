use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

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
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
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
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}\r\n", self.address).unwrap();
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
