//! mistake: one mistake in a command that is used twenty times
//! instead: `timeout = "30s"`

use commandbus::prelude::*;

#[command(domain = "payments", reply = u64, timeout = "30 secs")]
#[derive(Serialize, Deserialize)]
struct DebitAccount {
    account: u64,
    #[command(sensitive)]
    card: String,
}

trait Twenty {
    type Reply;
}

impl Twenty for DebitAccount {
    type Reply = <DebitAccount as Command>::Reply;
}

fn one() -> DebitAccount {
    DebitAccount { account: 1, card: String::new() }
}

fn two(DebitAccount { account, .. }: &DebitAccount) -> u64 {
    *account
}

fn three(command: DebitAccount) -> impl Command {
    command
}

fn four() -> &'static str {
    DebitAccount::SPEC.name
}

fn five(command: &DebitAccount) -> serde_json::Result<String> {
    serde_json::to_string(command)
}

fn six(text: &str) -> serde_json::Result<DebitAccount> {
    serde_json::from_str(text)
}

#[handler]
async fn seven(command: DebitAccount, _: Context) -> Result<u64, Failure> {
    Ok(command.account)
}

fn eight() -> commandbus::handler::HandlerList {
    handlers![seven]
}

async fn nine(bus: &Bus) -> u64 {
    one().send(bus).await.unwrap().reply().await.unwrap()
}

async fn ten(bus: &Bus) {
    bus.send_many([one(), one()]).await.unwrap();
}

async fn eleven(bus: &Bus) {
    DebitAccount::batch("Monthly billing").push(one()).send(bus).await.unwrap();
}

async fn twelve(bus: &Bus) {
    DebitAccount::batch("Monthly billing").extend([one()]).then(one()).send(bus).await.unwrap();
}

#[derive(Serialize, Deserialize)]
struct Thirteen {
    account: u64,
}

#[process(domain = "transfers", steps = [fourteen])]
impl Thirteen {
    fn fourteen(&self) -> DebitAccount {
        DebitAccount { account: self.account, ..one() }
    }

    #[on(fourteen)]
    fn fifteen(&mut self, reply: u64) {
        self.account = reply;
    }

    #[undo(fourteen)]
    fn sixteen(&self) -> DebitAccount {
        one()
    }
}

fn seventeen(reply: <DebitAccount as Command>::Reply) -> u64 {
    reply
}

fn eighteen() -> Option<Box<DebitAccount>> {
    Some(Box::new(one()))
}

fn nineteen() -> commandbus::testing::TestProcess<Thirteen> {
    commandbus::testing::TestProcess::start(Thirteen { account: 1 }).expect::<DebitAccount>().reply(5)
}

mod twenty {
    pub(super) use super::DebitAccount as Debit;
}

fn main() {}
