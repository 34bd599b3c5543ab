//! What there is to see: a shop, whose commands are sent and handled for real.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use commandbus::{
    bus::Bus,
    message::{BatchId, CommandId, CommandStatus, Domain},
    prelude::*,
    store::{CommandFilter, Page, ParkedFilter},
};
use commandbus_ops::{Anybody, Options, Rights, router};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

pub(crate) static PAYMENTS: Domain = Domain::from_static("payments");
const PATIENCE: Duration = Duration::from_secs(60);

/// A command with something to hide.
#[command(domain = "payments", max_attempts = 1)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargeCard {
    pub(crate) cents: i64,
    #[command(sensitive)]
    pub(crate) card: String,
}

/// Takes back a charge.
#[command(domain = "payments")]
#[derive(Debug, Serialize, Deserialize)]
struct RefundCard {
    cents: i64,
}

/// What is on a parcel.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    number: u32,
}

/// Packs what was paid.
#[command(domain = "warehouse", reply = Label, max_attempts = 1)]
#[derive(Debug, Serialize, Deserialize)]
struct PackParcel {
    article: String,
}

#[derive(Debug, thiserror::Error, HandlerError)]
enum ShopError {
    #[error("{0} cents cannot be charged")]
    #[permanent(code = "INVALID_AMOUNT")]
    InvalidAmount(i64),
    #[error("the bank does not answer")]
    #[transient(code = "BANK_DOWN")]
    BankDown,
    #[error("the bank declined")]
    #[business_rule(code = "DECLINED")]
    Declined,
    #[error("`{0}` fits into no box")]
    #[permanent(code = "NO_BOX_FITS")]
    NoBox(String),
}

/// Lets so many parcels out as it has permits.
#[derive(Debug, Clone)]
struct Gate(Arc<Semaphore>);

/// Whether it answers those whose card is `down`, too.
#[derive(Debug, Clone)]
struct Bank(Arc<AtomicBool>);

#[handler]
async fn charge_card(charge: ChargeCard, State(bank): State<Bank>) -> Result<(), ShopError> {
    match charge.card.as_str() {
        _ if charge.cents <= 0 => Err(ShopError::InvalidAmount(charge.cents)),
        "down" if !bank.0.load(Ordering::Relaxed) => Err(ShopError::BankDown),
        "declined" => Err(ShopError::Declined),
        _ => Ok(()),
    }
}

#[handler]
async fn refund_card(_refund: RefundCard) -> Result<(), ShopError> {
    Ok(())
}

#[handler]
async fn pack_parcel(parcel: PackParcel, State(gate): State<Gate>) -> Result<Label, ShopError> {
    if parcel.article == "ladder" {
        return Err(ShopError::NoBox(parcel.article));
    }
    if parcel.article == "globe" {
        return Err(ShopError::Declined);
    }
    gate.0.acquire().await.expect("nobody closes it").forget();
    Ok(Label { number: 7 })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) article: String,
    pub(crate) cents: i64,
    pub(crate) label: Option<u32>,
}

impl Order {
    pub(crate) fn of(article: &str) -> Self {
        Self { article: article.to_owned(), cents: 990, label: None }
    }
}

#[process(domain = "orders", steps = [charge, pack])]
impl Order {
    fn charge(&self) -> ChargeCard {
        ChargeCard { cents: self.cents, card: "4000 0000 0000 4242".to_owned() }
    }

    #[undo(charge)]
    fn refund(&self) -> RefundCard {
        RefundCard { cents: self.cents }
    }

    fn pack(&self) -> PackParcel {
        PackParcel { article: self.article.clone() }
    }

    #[on(pack)]
    fn packed(&mut self, label: Label) {
        self.label = Some(label.number);
    }
}

/// A shop at work, with its pages.
pub(crate) struct Shop {
    pub(crate) bus: Bus,
    pool: PgPool,
    /// Where its pages are.
    pub(crate) url: String,
    gate: Gate,
    bank: Bank,
    // Above the database: they end before it goes.
    _at_work: JoinSet<()>,
    _database: TestDatabase,
}

impl Shop {
    /// An empty one.
    pub(crate) async fn open() -> Self {
        let database = TestDatabase::new().await;
        let pool = database.pool().await;
        let bus = Bus::new(pool.clone());
        let gate = Gate(Arc::new(Semaphore::new(0)));
        let bank = Bank(Arc::default());
        let mut at_work = JoinSet::new();
        for domain in ["payments", "warehouse"] {
            let worker =
                Worker::new(&bus, domain).provide(gate.clone()).provide(bank.clone()).concurrency(16).build().unwrap();
            at_work.spawn(async move { worker.run_until(pending()).await.unwrap() });
        }
        let routes = commandbus::process::Router::new(&bus, "orders").unwrap();
        at_work.spawn(routes.run_until(pending()));

        let access = Anybody::named("olivia", Rights::ALL);
        let options = Options::new(access).writable().requests_per_second(10_000.try_into().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages = router(bus.clone(), options);
        at_work.spawn(async move { axum::serve(listener, pages).await.unwrap() });
        Self { bus, pool, url, gate, bank, _at_work: at_work, _database: database }
    }

    /// One that has been at work: something of every kind.
    pub(crate) async fn filled() -> Self {
        let shop = Self::open().await;
        let bus = &shop.bus;
        shop.let_out(20);
        let charges = ChargeCard::batch("Monthly billing")
            .extend((0..20).map(|n| charge(if n < 4 { "declined" } else { "4242" })));
        charges.send(bus).await.unwrap().wait().await.unwrap();
        let held = ChargeCard::batch("Held back").extend((0..5).map(|_| charge("4242")));
        let held = held.send(bus);
        held.await.unwrap().pause().await.unwrap();
        shop.park_a_reply().await;
        let done = Order::batch("Orders of the morning").extend((0..5).map(|_| Order::of("teapot")));
        done.start(bus).await.unwrap().wait().await.unwrap();
        Order::batch("Orders of the evening")
            .extend(["teapot", "ladder", "globe", "lamp"].map(Order::of))
            .start(bus)
            .await
            .unwrap();
        shop.until_parked(1).await;
        charge("4242").send(bus).delay(Duration::from_secs(7_200)).await.unwrap();
        let given_up = shop.park(2, "down").await;
        let operator = bus.troubleshooting().by("otto").because("the bank says that it is back");
        let operation = operator.retry_all(&ParkedFilter::default().with_code("BANK_DOWN")).await.unwrap();
        bus.operations().run(operation.operation_id, |_| {}).await.unwrap();
        shop.until_parked(given_up.len() + 1).await;
        ChargeCard { cents: -1, ..charge("4242") }.send(bus).await.unwrap();
        shop.until_parked(given_up.len() + 2).await;
        shop
    }

    /// An operator completes a parcel by hand, and forgets its label: no process can take in such a reply.
    async fn park_a_reply(&self) {
        Order::of("ladder").start(&self.bus).await.unwrap();
        self.until_parked(1).await;
        let parked = self.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(1)).await.unwrap();
        let operator = self.bus.troubleshooting().by("otto");
        operator.complete(&parked[0].domain, parked[0].command_id).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        while self.parked_reply().await.is_none() {
            // As if it had been tried four times already: the fifth time it is parked.
            let often = "update pgmq.q_orders__process_replies set read_ct = 4, vt = clock_timestamp()";
            sqlx::query(often).execute(&self.pool).await.unwrap();
            assert!(Instant::now() < deadline, "no reply is parked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn parked_reply(&self) -> Option<i64> {
        let orders = Domain::from_static("orders");
        let parked = self.bus.processes().parked_replies(&orders, Page::first(1)).await.unwrap();
        parked.first().map(|reply| reply.parked_reply_id)
    }

    /// Opens the gate of the warehouse for so many parcels.
    pub(crate) fn let_out(&self, parcels: usize) {
        self.gate.0.add_permits(parcels);
    }

    /// Sends so many charges that are parked, and waits until they are.
    pub(crate) async fn park(&self, count: usize, card: &str) -> Vec<CommandId> {
        let before = self.parked().await;
        let sent = self.bus.send_many((0..count).map(|_| charge(card))).await.unwrap();
        self.until_parked(before + count).await;
        sent.iter().map(|sent| sent.id()).collect()
    }

    pub(crate) async fn parked(&self) -> usize {
        self.bus.troubleshooting().count(&ParkedFilter::default()).await.unwrap() as usize
    }

    pub(crate) async fn until_parked(&self, wanted: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.parked().await != wanted {
            assert!(Instant::now() < deadline, "{} are parked, not {wanted}", self.parked().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn status(&self, id: CommandId) -> String {
        self.bus.commands().get(&PAYMENTS, id).await.unwrap().unwrap().status.to_string()
    }

    pub(crate) async fn until_status(&self, id: CommandId, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.status(id).await != wanted {
            assert!(Instant::now() < deadline, "it is {}, not {wanted}", self.status(id).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts a batch of orders, which the gate holds.
    pub(crate) async fn orders(&self, count: usize) -> BatchId {
        let orders = Order::batch("Orders of the sale").extend((0..count).map(|_| Order::of("teapot")));
        orders.start(&self.bus).await.unwrap().id()
    }

    /// One that waits for its time.
    pub(crate) async fn waiting_command(&self) -> CommandId {
        let filter = CommandFilter::in_domain(PAYMENTS.clone()).with_status(CommandStatus::Pending);
        self.bus.commands().list(&filter, Page::first(1)).await.unwrap()[0].command_id
    }

    /// Parks a command that cannot succeed as it is.
    pub(crate) async fn park_invalid(&self) -> CommandId {
        let before = self.parked().await;
        let sent = ChargeCard { cents: -1, ..charge("4000 0000") }.send(&self.bus).await.unwrap();
        self.until_parked(before + 1).await;
        sent.id()
    }

    /// From now on what failed for it succeeds.
    pub(crate) fn bank_is_back(&self) {
        self.bank.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn charge(card: &str) -> ChargeCard {
    ChargeCard { cents: 990, card: card.to_owned() }
}
