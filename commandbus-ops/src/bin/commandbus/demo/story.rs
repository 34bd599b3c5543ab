//! What there is to see: sent at the start, and then again and again.

use std::time::Duration;

use commandbus::{
    bus::{Batch, Bus},
    message::BatchId,
    prelude::*,
    store::ParkedFilter,
};
use rand::RngExt;

use super::{
    DemoError,
    billing::ChargeCard,
    mail::SendInvoice,
    orders::{Order, Wallet},
    warehouse::CountShelf,
};

const ARTICLES: [&str; 7] = ["teapot", "umbrella", "lamp", "kite", "chess set", "globe", "ladder"];

/// How often something new is sent.
const BEAT: Duration = Duration::from_millis(700);
/// How often an operator of the demo looks after what is parked, in beats.
const ROUND: u32 = 60;

/// The beginning: something of every kind that the pages show.
pub(super) async fn begin(bus: &Bus) -> Result<(), DemoError> {
    // End soon, without and with failures.
    let counted = CountShelf::batch("Stocktaking of shelf A").extend((0..12).map(|place| shelf('A', place)));
    counted.send(bus).await?;
    let mail = SendInvoice::batch("Invoices of October");
    mail.extend((0..20).map(|n| invoice(n, if n % 5 == 0 { "never" } else { "customer" }))).send(bus).await?;

    // Held back by an operator.
    let held = CountShelf::batch("Stocktaking of shelf B (waits for the holidays)")
        .extend((0..30).map(|place| shelf('B', place)))
        .send(bus)
        .await?;
    held.pause().await?;

    // Something for a person: one error of each kind, and some more often.
    for number in 0..9 {
        charge(number, if number < 6 { Wallet::Unreachable } else { Wallet::Expired }).send(bus).await?;
        if number.is_multiple_of(3) {
            SendInvoice { customer: number, address: "nowhere".to_owned(), cents: 1_500 }.send(bus).await?;
        }
    }
    shelf('Z', 7).send(bus).await?;

    let ended = Order::batch("Orders of October").extend((0..8).map(|n| order(900 + n)));
    ended.start(bus).await?;
    // Orders that succeed, are taken back, and wait.
    for (number, article, wallet) in [
        (1_001, "teapot", Wallet::Good),
        (1_002, "kite", Wallet::Declined),
        (1_003, "globe", Wallet::Good),
        (1_004, "ladder", Wallet::Good),
        (1_005, "anvil", Wallet::Good),
        (1_006, "lamp", Wallet::Expired),
    ] {
        Order { article: article.to_owned(), wallet, ..order(number) }.start(bus).await?;
    }

    invoice(77, "customer").send(bus).delay(Duration::from_secs(2 * 3600)).await?;
    invoice(78, "customer").send(bus).delay(Duration::from_secs(20 * 60)).await?;
    let twice = invoice(78, "customer").send(bus).delay(Duration::from_secs(20 * 60)).await?;
    bus.commands().cancel(twice.domain(), twice.id(), "olga", "it was sent twice").await?;
    Ok(())
}

/// Life: a few commands a second, orders of a sale, batches that follow each other, an operator now and then.
pub(super) async fn go_on(bus: &Bus) -> Result<(), DemoError> {
    let mut mail = invoices(bus).await?;
    let mut sale = Sale::open(bus).await?;
    let mut clock = tokio::time::interval(BEAT);
    for beat in 1_u32.. {
        clock.tick().await;
        let number = 2_000 + beat;
        let luck = rand::rng().random_range(0..100);
        let wallet = match luck {
            0..3 => Wallet::Unreachable,
            3..6 => Wallet::Declined,
            _ => Wallet::Good,
        };
        charge(number, wallet).send(bus).await?;
        sale.sell(bus, Order { wallet, ..order(number) }).await?;
        if beat.is_multiple_of(3) {
            shelf('C', number).send(bus).await?;
        }
        if beat % ROUND == ROUND / 4 {
            look_after(bus, beat / ROUND).await?;
        }
        if beat.is_multiple_of(ROUND) && mail.metadata().await?.open_count() == 0 {
            mail = invoices(bus).await?;
        }
    }
    Ok(())
}

/// Orders that belong together: a batch of processes, which are started one by one.
struct Sale {
    batch: BatchId,
    left: u32,
}

impl Sale {
    const ORDERS: u32 = 250;

    async fn open(bus: &Bus) -> Result<Self, DemoError> {
        let batch = bus.create_process_batch("orders", "Orders of the sale", Self::ORDERS).await?;
        Ok(Self { batch, left: Self::ORDERS })
    }

    /// When all is sold, the next one opens.
    async fn sell(&mut self, bus: &Bus, order: Order) -> Result<(), DemoError> {
        if self.left == 0 {
            *self = Self::open(bus).await?;
        }
        order.start(bus).in_batch(self.batch).await?;
        self.left -= 1;
        Ok(())
    }
}

/// What an operator does: sends again what a bank that was down left behind, and in every third round gives it up. Of the
/// rest, whoever looks at the pages is to take care.
async fn look_after(bus: &Bus, round: u32) -> Result<(), DemoError> {
    let filter = ParkedFilter::default().with_code("BANK_UNREACHABLE");
    let operator = bus.troubleshooting().by("olga").because("the bank says that it is back");
    let operation = if round % 3 == 2 {
        operator.cancel_all(&filter, "the bank is gone for good").await?
    } else {
        operator.retry_all(&filter).await?
    };
    bus.operations().run(operation.operation_id, |_| {}).await?;
    Ok(())
}

async fn invoices(bus: &Bus) -> Result<Batch, DemoError> {
    let invoices = SendInvoice::batch("Invoices of November").extend((0..900).map(|n| invoice(n, "customer")));
    Ok(invoices.send(bus).await?)
}

fn charge(number: u32, wallet: Wallet) -> ChargeCard {
    ChargeCard { order: number, cents: 990 + number % 50 * 100, card: wallet.card() }
}

fn invoice(customer: u32, mailbox: &str) -> SendInvoice {
    SendInvoice { customer, address: format!("{mailbox}@{customer}.example"), cents: 500 + customer % 90 * 10 }
}

fn shelf(row: char, place: u32) -> CountShelf {
    CountShelf { shelf: format!("{row}-{}", place % 100) }
}

fn order(number: u32) -> Order {
    // The last two articles are those that cannot be had.
    let article =
        if number.is_multiple_of(40) { ARTICLES[5 + number as usize / 40 % 2] } else { ARTICLES[number as usize % 5] };
    Order { order: number, article: article.to_owned(), cents: 1_990, wallet: Wallet::Good, shelf: None, receipt: None }
}
