//! mistake: an upper-case letter in the domain
//! instead: `domain = "payments"`
//! mistake: two underscores in a row
//! instead: `domain = "card_payments"`
//! mistake: an underscore at the end
//! instead: `domain = "card"`
//! mistake: a digit at the beginning
//! instead: `domain = "second_payments"`
//! mistake: a domain of more than 30 characters
//! instead: a shorter word
//! mistake: an empty domain
//! instead: `domain = "payments"`

use commandbus::prelude::*;

#[command(domain = "Payments")]
#[derive(Serialize, Deserialize)]
struct UpperCase;

#[command(domain = "card__payments")]
#[derive(Serialize, Deserialize)]
struct TwoUnderscores;

#[command(domain = "card_")]
#[derive(Serialize, Deserialize)]
struct AtTheEnd;

#[command(domain = "2nd_payments")]
#[derive(Serialize, Deserialize)]
struct Digit;

#[command(domain = "payments_of_all_our_own_customers")]
#[derive(Serialize, Deserialize)]
struct Long;

#[command(domain = "")]
#[derive(Serialize, Deserialize)]
struct Nothing;

fn main() {}
