//! mistake: an upcast by a function that is not there
//! instead: the path of a function
//! mistake: an upcast to another type
//! instead: `fn from_v1(old: V1) -> Debit`
//! mistake: two upcasts that do not fit each other
//! instead: what the first returns is what the second takes
//! mistake: an upcast from a type that cannot be read
//! instead: `#[derive(Deserialize)]` on it
//! mistake: an upcast of two parameters
//! instead: a function of the older version alone
//! mistake: an upcast whose error cannot be logged
//! instead: an error that is `Display`

use commandbus::prelude::*;

#[derive(Deserialize)]
struct V1;

#[derive(Deserialize)]
struct V2;

struct Unreadable;

fn from_v1(_: V1) -> V2 {
    V2
}

fn from_unreadable(_: Unreadable) -> Unread {
    Unread
}

fn from_two(_: V1, _: V2) -> Two {
    Two
}

fn undisplayable(_: V1) -> Result<Undisplayable, V2> {
    Ok(Undisplayable)
}

#[command(domain = "payments", version = 2, upcast(1 = from_v1))]
#[derive(Serialize, Deserialize)]
struct Debit;

#[command(domain = "payments", version = 3, upcast(1 = Unlinked::from_v1, 2 = Unlinked::from_v2))]
#[derive(Serialize, Deserialize)]
struct Unlinked;

impl Unlinked {
    fn from_v1(_: V1) -> V1 {
        V1
    }

    fn from_v2(_: V2) -> Self {
        Self
    }
}

#[command(domain = "payments", version = 2, upcast(1 = from_unreadable))]
#[derive(Serialize, Deserialize)]
struct Unread;

#[command(domain = "payments", version = 2, upcast(1 = from_two))]
#[derive(Serialize, Deserialize)]
struct Two;

#[command(domain = "payments", version = 2, upcast(1 = undisplayable))]
#[derive(Serialize, Deserialize)]
struct Undisplayable;

#[command(domain = "payments", version = 2, upcast(1 = no_such_function))]
#[derive(Serialize, Deserialize)]
struct NoFunction;

fn main() {}
