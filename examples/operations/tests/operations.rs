//! The program as its users see it: logged in or not, until Ctrl-C.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// The program on a port of its own, ended with its test.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Program {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_operations"));
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        while !told.contains("Ctrl-C ends it") {
            assert!(out.read_line(&mut told).unwrap() > 0, "it ended: {told}");
        }
        let address = told.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, out, address }
    }

    /// The whole answer.
    fn ask(&self, request: &str, more: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, length) = (&self.address, body.len());
        let form = "Content-Type: application/x-www-form-urlencoded";
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{form}\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The header with the cookie of somebody who has logged in.
    fn log_in(&self, name: &str, password: &str) -> String {
        let answer = self.ask("POST /login", "", &format!("name={name}&password={password}"));
        let cookie = answer.split("set-cookie: ").nth(1).unwrap_or_else(|| panic!("{answer}"));
        format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
    }

    /// Ctrl-C; what it said last.
    fn end(mut self) -> String {
        let told = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let mut last = String::new();
        self.out.read_to_string(&mut last).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{last}");
        last
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

#[test]
fn its_own_login_says_who_may_do_what_and_ctrl_c_ends_it() {
    let program = Program::start();

    assert_eq!(status(&program.ask("GET /ops/api/queues", "", "")), "401");
    let page = program.ask("GET /ops/troubleshooting", "Accept: text/html\r\n", "");
    assert!(page.contains("location: /login"), "{page}");
    assert_eq!(status(&program.ask("GET /ops/healthz/live", "", "")), "200");
    assert_eq!(status(&program.ask("POST /login", "", "name=olga&password=wrong")), "403");

    let (olga, victor) = (program.log_in("olga", "may-operate"), program.log_in("victor", "may-look"));
    let parked = loop {
        let answer = program.ask("GET /ops/api/troubleshooting", &victor, "");
        assert_eq!(status(&answer), "200", "{answer}");
        if answer.matches("\"error_code\":\"UNKNOWN_FORMAT\"").count() == 2 {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!parked.contains("swordfish"), "{parked}");
    assert!(program.ask("GET /ops/api/me", &olga, "").contains("operate"));

    let id = parked.split("\"command_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let retry = format!("POST /ops/api/troubleshooting/reports/{id}/retry");
    assert_eq!(status(&program.ask(&retry, &victor, "")), "403");

    assert!(program.end().contains("Read next:"));
}
