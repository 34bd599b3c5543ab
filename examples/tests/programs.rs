//! Each example runs to its end and says what its reader is to see. They need PostgreSQL, so `cargo unit` leaves out tests
//! that are named as these are.

use std::process::Command;

/// Runs a program; what it printed.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    out.into_owned()
}

/// Each of these is printed, in this order; the last thing is what to read next.
fn assert_tells(told: &str, expected: &[&str]) {
    let mut rest = told;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is missing, or out of order:\n{told}"));
        rest = &rest[at + part.len()..];
    }
    assert!(rest.contains("\nRead next: "), "{told}");
}

#[test]
fn quickstart_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_quickstart"), &[]);
    assert_tells(
        &told,
        &[
            "order 7, attempt 1 of 3",
            "label DE-7",
            "order 8, attempt 1 of 3",
            "order 8, attempt 2 of 3",
            "label DE-8",
            "order 0, attempt 1 of 3",
            "IN_TROUBLESHOOTING_QUEUE: there is no order 0",
            "canceled: a typing error",
        ],
    );
}

#[test]
fn polyglot_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_polyglot"), &[]);
    assert_tells(
        &told,
        &[
            r#""outcome":"SUCCESS","result":{"bytes":10240,"path":"320-holiday.jpg"}"#,
            "COMPLETED, its history SENT, RECEIVED, COMPLETED",
            r#"{"bytes":409,"path":"64-portrait.png"}"#,
            "parked as UNDECODABLE",
            r#"edited by olga: {"bytes":4000,"path":"200-logo.svg"}"#,
            "0 parked",
        ],
    );
}

#[test]
fn two_domains_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_two_domains"), &[]);
    assert_tells(
        &told,
        &[
            "kitchen: cooks soup for order 1",
            "couriers: bring box 101 to Elm Street 1",
            "dinner: COMPLETED",
            "kitchen: cooks noodles for order 2",
            "kitchen: gives away box 102 of order 2",
            "dinner: CANCELED, TOO_FAR",
            "dinner: CANCELED, NOT_ON_THE_MENU",
            "couriers: note a complaint about order 1",
            "kitchen: cooks soup for order 1",
            "kitchen: CookMeal is COMPLETED",
        ],
    );
}

#[test]
fn monthly_billing_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_monthly_billing"), &["--bank-ms", "0"]);
    assert_tells(&told, &["Billing 1000 accounts", "Callback: batch", "ledger balanced: 1000 accounts"]);
}

#[test]
fn monthly_billing_whose_worker_is_killed_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_monthly_billing"), &["--crash"]);
    assert_tells(&told, &["killed the worker process (SIGKILL)", "ledger balanced: 1000 accounts"]);
}

#[test]
fn transfer_runs_to_its_end() {
    let told = run(env!("CARGO_BIN_EXE_transfer"), &[]);
    assert_tells(
        &told,
        &["All goes well: COMPLETED", "Nobody to credit: CANCELED", "killed the router process", "money conserved"],
    );
}
