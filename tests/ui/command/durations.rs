//! mistake: an empty `backoff`
//! instead: `backoff = "10s, 60s"`, or leave it out
//! mistake: a fraction
//! instead: `timeout = "1500ms"`
//! mistake: a unit that is none
//! instead: `timeout = "90s"`
//! mistake: a timeout of zero
//! instead: leave `timeout` out
//! mistake: a duration that is no text
//! instead: `timeout = "30s"`
//! mistake: a list instead of one text
//! instead: `backoff = "10s, 60s"`

use commandbus::prelude::*;

#[command(domain = "payments", backoff = "")]
#[derive(Serialize, Deserialize)]
struct Empty;

#[command(domain = "payments", timeout = "1.5s")]
#[derive(Serialize, Deserialize)]
struct Fraction;

#[command(domain = "payments", timeout = "90 sec")]
#[derive(Serialize, Deserialize)]
struct Unit;

#[command(domain = "payments", timeout = "0s")]
#[derive(Serialize, Deserialize)]
struct Zero;

#[command(domain = "payments", timeout = 30)]
#[derive(Serialize, Deserialize)]
struct Number;

#[command(domain = "payments", backoff = ["10s", "60s"])]
#[derive(Serialize, Deserialize)]
struct List;

fn main() {}
