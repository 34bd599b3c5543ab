//! The process that works.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

/// It ends with us, at the latest.
pub(crate) struct WorkerProcess {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// How long commands waited for their handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) count: u64,
    pub(crate) half: Duration,
    pub(crate) most: Duration,
    pub(crate) longest: Duration,
}

impl Waits {
    fn read(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let count = next()?;
        let mut time = || next().map(Duration::from_micros);
        Some(Self { count, half: time()?, most: time()?, longest: time()? })
    }
}

impl WorkerProcess {
    pub(crate) fn start(url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak_worker"));
        let command = command.env("DATABASE_URL", url).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How long commands waited since this was asked last.
    pub(crate) fn waits(&mut self) -> Waits {
        writeln!(self.stdin, "waits").expect("the worker lives");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the worker lives");
        Waits::read(&line).unwrap_or_else(|| panic!("the worker said {line:?}"))
    }

    /// Nobody but us ends it.
    pub(crate) fn assert_alive(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "the worker ended by itself");
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
