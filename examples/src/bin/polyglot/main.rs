//! Senders that do not know the Rust type: one that speaks SQL, as any language does, and one that has a name and JSON. Both
//! meet a typed handler. `cargo polyglot`.
#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use std::time::Duration;

use commandbus::{
    bus::UntypedCommand, embedded::Database, message::CommandStatus, prelude::*, store::ParkedFilter, testing::wait_for,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The name that travels is part of the contract with the others, so it is written out: a renamed type changes nothing.
#[command(domain = "images", name = "ScaleImage", reply = Thumbnail)]
#[derive(Debug, Serialize, Deserialize)]
struct ScaleImage {
    path: String,
    width: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Thumbnail {
    path: String,
    bytes: u64,
}

#[handler]
async fn scale_image(cmd: ScaleImage) -> Thumbnail {
    let bytes = u64::from(cmd.width) * u64::from(cmd.width) / 10;
    Thumbnail { path: format!("{}-{}", cmd.width, cmd.path), bytes }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::from_env_or_embedded().await?;
    let pool = PgPool::connect(database.url()).await?;
    let bus = Bus::new(pool.clone());
    bus.migrate().await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let working = tokio::spawn(Worker::new(&bus, "images").build()?.run_until(async { drop(stopped.await) }));

    in_sql(&pool).await?;
    by_name(&bus).await?;
    not_of_the_type(&bus).await?;

    drop(stop);
    working.await??;
    pool.close().await;
    database.stop().await?;
    println!(
        "\nRead next: examples/src/bin/polyglot, docs/guide/beside-reliable-cmd.md (what else travels);\n\
         over HTTP: commandbus-ops, `POST /api/commands`."
    );
    Ok(())
}

/// Sends, waits for the reply and reads what became of the command, in SQL alone.
async fn in_sql(pool: &PgPool) -> Result<(), sqlx::Error> {
    println!("1. Sent by SQL, with the envelope as JSON: examples/src/bin/polyglot/send.sql");
    // Made once, by whoever deploys: `commandbus migrate --domain images`.
    sqlx::query("select commandbus.ensure_queue('images__commands'), commandbus.ensure_queue('images__replies')")
        .execute(pool)
        .await?;
    let id: Uuid = sqlx::query_scalar(include_str!("send.sql")).bind("holiday.jpg").bind(320).fetch_one(pool).await?;
    println!("   the reply is a message in `images__replies`:");
    println!("   {}", reply_to(id, pool).await?);

    let (status, events): (String, Vec<String>) = sqlx::query_as(
        "select c.status, array_agg(a.event_type order by a.audit_id)
         from commandbus.command c join commandbus.audit a using (domain, command_id)
         where c.domain = 'images' and c.command_id = $1 group by c.status",
    )
    .bind(id)
    .fetch_one(pool)
    .await?;
    println!("   its row is {status}, its history {}", events.join(", "));
    Ok(())
}

/// Reads the queue of replies as any client of PGMQ: who has taken a message in deletes it. One may come twice.
async fn reply_to(id: Uuid, pool: &PgPool) -> Result<Value, sqlx::Error> {
    loop {
        // Waits in the database, for up to five seconds.
        let message: Option<(i64, Value)> =
            sqlx::query_as("select msg_id, message from pgmq.read_with_poll('images__replies', 30, 1, 5, 50)")
                .fetch_optional(pool)
                .await?;
        let Some((message, reply)) = message else { continue };
        sqlx::query("select pgmq.delete('images__replies', $1::bigint)").bind(message).execute(pool).await?;
        if reply["command_id"] == id.to_string() {
            return Ok(reply);
        }
    }
}

/// A gateway, say, which forwards what others wrote. It is Rust, and knows no type.
async fn by_name(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
    println!("2. Sent by name, the data as JSON; the reply comes as JSON:");
    let data = json!({"path": "portrait.png", "width": 64});
    let sent = bus.send_untyped(UntypedCommand::new("images".parse()?, "ScaleImage", data)).await?;
    println!("   {}", sent.reply().timeout(Duration::from_secs(10)).await?);
    Ok(())
}

/// Nobody checked at the sender's, so the worker does: what is not of the type is kept as it came.
async fn not_of_the_type(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
    println!("3. Sent with a field that is not what the handler takes:");
    let data = json!({"path": "logo.svg", "width": "wide"});
    let sent = bus.send_untyped(UntypedCommand::new("images".parse()?, "ScaleImage", data)).await?;
    wait_for(bus, sent.domain(), sent.id(), CommandStatus::InTroubleshooting).await;
    let case = bus.troubleshooting().show(sent.domain(), sent.id()).await?;
    println!("   parked as {}: {}", case.parked.reason, case.parked.error_msg.unwrap_or_default());

    let edited = json!({"path": "logo.svg", "width": 200});
    bus.troubleshooting().by("olga").because("they mean 200").retry_edited::<ScaleImage>(sent.id(), &edited).await?;
    println!("   edited by olga: {}", sent.reply().timeout(Duration::from_secs(10)).await?);
    let left = bus.troubleshooting().count(&ParkedFilter::in_domain(sent.domain().clone())).await?;
    println!("   {left} parked");
    Ok(())
}
