//! Two teams, a domain and a service each: a handler of one sends to the other, and a process goes through both.
//! `cargo two-domains`.
//!
//! Here all of it is one program. In a company each module is a crate or two: the commands, which others depend on, and the
//! handlers, which only the team's own service links.
#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use commandbus::{
    embedded::Database,
    message::CommandStatus,
    prelude::*,
    store::{CommandFilter, Page},
    testing::wait_for,
};
use tokio_util::sync::CancellationToken;

use self::{couriers::Complain, dinner::Dinner, kitchen::Kitchen};

mod couriers;
mod dinner;
mod kitchen;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let database = Database::from_env_or_embedded().await?;
    let pool = sqlx::PgPool::connect(database.url()).await?;
    sqlx::raw_sql(
        "create schema if not exists two_domains;
         create table if not exists two_domains.complaint (order_number bigint, noted_at timestamptz default now())",
    )
    .execute(&pool)
    .await?;
    let bus = Bus::new(pool.clone());
    bus.migrate().await?;

    // Three services: they share the database, and nothing else. A set of handlers is handed to its worker, handlers that
    // are functions are found by their domain; the worker of `dinners` has no commands and routes replies.
    let stop = CancellationToken::new();
    let services = [
        Worker::new(&bus, "kitchen").handlers(Kitchen { menu: &["soup", "noodles"] }).build()?,
        Worker::new(&bus, "couriers").build()?,
        Worker::new(&bus, "dinners").build()?,
    ];
    let services = services.map(|service| tokio::spawn(service.run_until(stop.clone().cancelled_owned())));

    all_goes_well_or_is_taken_back(&bus).await?;
    one_team_sends_to_the_other(&bus).await?;

    stop.cancel();
    for service in services {
        service.await??;
    }
    pool.close().await;
    database.stop().await?;
    println!(
        "\nRead next: examples/src/bin/two_domains, docs/guide/processes.md, docs/guide/transactions.md;\n\
         `cargo transfer` shows a process that is killed half-way."
    );
    Ok(())
}

async fn all_goes_well_or_is_taken_back(bus: &Bus) -> Outcome {
    for (title, dinner) in [
        ("1. A process sends to both domains.", Dinner::new(1, "soup", "Elm Street 1")),
        ("2. The second refuses, so what the first has done is taken back.", Dinner::new(2, "noodles", "Lighthouse")),
        ("3. The first refuses: there is nothing to take back.", Dinner::new(3, "pizza", "Elm Street 1")),
    ] {
        println!("{title}");
        let ended = dinner.start(bus).await?.wait().await?;
        println!("   dinner: {}{}", ended.status, ended.error_code.map(|code| format!(", {code}")).unwrap_or_default());
    }
    Ok(())
}

async fn one_team_sends_to_the_other(bus: &Bus) -> Outcome {
    println!("4. A handler of one domain sends to the other, in its transaction.");
    let complaint = Complain { order: 1, dish: "soup".into() }.send(bus).await?;
    complaint.reply().await?;
    let kitchen = CommandFilter::in_domain("kitchen".parse()?);
    let newest = bus.commands().list(&kitchen, Page::first(1)).await?;
    if let Some(meal) = newest.first() {
        wait_for(bus, &meal.domain, meal.command_id, CommandStatus::Completed).await;
        println!("   kitchen: {} is COMPLETED", meal.command_type);
    }
    Ok(())
}
