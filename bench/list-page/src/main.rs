//! How long lists of commands take over 1,000,000 of them: `cargo run --release -p bench-list-page [how many]`.
//!
//! The router is asked without a network: what is timed is everything from the request to the last byte of the answer.

use std::{env, error::Error, time::Instant};

use axum::{Router, body::Body, http::Request};
use commandbus::{bus::Bus, embedded::EmbeddedPostgres, message::Domain};
use commandbus_ops::{Anybody, Options, Rights, router};
use http_body_util::BodyExt;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use tower::ServiceExt;

/// How often each address is asked, after some times that are not counted.
const ROUNDS: usize = 51;
const WARMING_UP: usize = 5;

const DOMAINS: [&str; 3] = ["billing", "mail", "warehouse"];

/// A month of commands: most are done; the newest wait, some are parked, and 40 % are in batches.
const HISTORY: &str = "
    create temp table made as
    select n, (array['billing', 'mail', 'warehouse'])[1 + n % 3] as domain,
           (array['ChargeCard', 'SendInvoice', 'PackParcel', 'RefundCard'])[1 + n % 4] as command_type,
           now() - interval '30 days' * (1 - n::float8 / TOTAL) as at,
           case when n > TOTAL - 2000 then 'PENDING' when n % 997 = 0 then 'IN_TROUBLESHOOTING_QUEUE'
                when n % 101 = 0 then 'FAILED' when n % 211 = 0 then 'CANCELED' else 'COMPLETED' end as status
    from generate_series(1, TOTAL) as n;
    alter table made add command_id uuid, add correlation_id uuid, add batch_id uuid;
    update made m set
        command_id = (lpad(to_hex((extract(epoch from m.at) * 1000)::bigint), 12, '0') || '7' ||
                      right(lpad(to_hex(m.n), 3, '0'), 3) || '8' || left(md5(m.n::text), 15))::uuid,
        correlation_id = md5((m.n / 4)::text)::uuid,
        batch_id = case when m.n % 5 < 2 then md5('batch' || m.n % 3 || '-' || m.n / 20000)::uuid end;

    insert into commandbus.batch (domain, batch_id, name, status, total_count, completed_count, created_at, completed_at)
    select m.domain, m.batch_id, 'A batch', 'COMPLETED', count(*), count(*), min(m.at), max(m.at)
    from made m where m.batch_id is not null group by 1, 2;
    insert into commandbus.command (domain, queue_name, msg_id, command_id, command_type, status, attempts, max_attempts,
                                    created_at, updated_at, correlation_id, batch_id)
    select m.domain, m.domain || '__commands', -m.n, m.command_id, m.command_type, m.status,
           case m.status when 'PENDING' then 0 else 1 end, 3, m.at, m.at + interval '2 s', m.correlation_id, m.batch_id
    from made m order by m.n;
    insert into commandbus.audit (domain, command_id, event_type, ts, details_json)
    select m.domain, m.command_id, e.event, m.at, '{}' from made m cross join (values ('SENT'), ('COMPLETED')) as e(event)
    where e.event = 'SENT' or m.status = 'COMPLETED' order by m.n;
    insert into commandbus.troubleshooting (domain, command_id, command_type, reason, error_type, error_code, error_msg,
                                            fingerprint, parked_at)
    select m.domain, m.command_id, m.command_type, 'PERMANENT', 'PERMANENT', 'BANK_DOWN', 'the bank is down',
           m.command_type || ':BANK_DOWN', m.at
    from made m where m.status = 'IN_TROUBLESHOOTING_QUEUE' order by m.n";

/// The messages of what waits, so that it is found as it is found in life.
const MESSAGES: &str = "
    insert into pgmq.\"q_DOMAIN__commands\" (vt, message)
    select now() - interval '1 s', jsonb_build_object('command_id', m.command_id) from made m
    where m.domain = 'DOMAIN' and m.status = 'PENDING' order by m.n;
    update commandbus.command c set msg_id = q.msg_id
    from pgmq.\"q_DOMAIN__commands\" q
    where c.domain = 'DOMAIN' and c.command_id = (q.message->>'command_id')::uuid";

async fn fill(bus: &Bus, pool: &PgPool, total: u32) -> Result<(), Box<dyn Error>> {
    for domain in DOMAINS {
        bus.system().ensure_queues(&Domain::from_static(domain)).await?;
    }
    let mut connection = pool.acquire().await?;
    sqlx::raw_sql(AssertSqlSafe(HISTORY.replace("TOTAL", &total.to_string()))).execute(&mut *connection).await?;
    for domain in DOMAINS {
        sqlx::raw_sql(AssertSqlSafe(MESSAGES.replace("DOMAIN", domain))).execute(&mut *connection).await?;
    }
    for upkeep in ["drop table made", "vacuum analyze", "checkpoint"] {
        sqlx::raw_sql(upkeep).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn ask(app: &Router, path: &str) -> Result<String, Box<dyn Error>> {
    let answer = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    let status = answer.status();
    let text = String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?;
    if status.is_success() { Ok(text) } else { Err(format!("{path}: {status} {text}").into()) }
}

/// The median and the 95th percentile, in milliseconds.
async fn time(app: &Router, path: &str) -> Result<(f64, f64), Box<dyn Error>> {
    let mut taken = Vec::with_capacity(ROUNDS);
    for round in 0..WARMING_UP + ROUNDS {
        let begun = Instant::now();
        ask(app, path).await?;
        if round >= WARMING_UP {
            taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    taken.sort_by(f64::total_cmp);
    Ok((taken[ROUNDS / 2], taken[ROUNDS * 95 / 100]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let total: u32 = env::args().nth(1).map_or(Ok(1_000_000), |total| total.parse())?;
    let postgres = EmbeddedPostgres::builder().setting("shared_buffers", "1GB").start().await?;
    let pool = PgPool::connect(postgres.url()).await?;
    let bus = Bus::new(pool.clone());
    bus.migrate().await?;
    let begun = Instant::now();
    fill(&bus, &pool, total).await?;
    println!("{total} commands, made in {:.0} s; {ROUNDS} requests each\n", begun.elapsed().as_secs_f64());

    let options = Options::new(Anybody::named("bench", Rights::ALL)).requests_per_second(1_000_000.try_into()?);
    let app = router(bus, options);
    let one: (String, String, String) = sqlx::query_as(
        "select c.correlation_id::text, c.batch_id::text, (c.created_at at time zone 'utc')::text || 'Z'
         from commandbus.command c where c.batch_id is not null order by c.command_id offset $1 limit 1",
    )
    .bind(i64::from(total / 5))
    .fetch_one(&pool)
    .await?;
    let far: String =
        sqlx::query_scalar("select command_id::text from commandbus.command order by command_id offset $1 limit 1")
            .bind(i64::from(total / 10))
            .fetch_one(&pool)
            .await?;
    let (correlation, batch, moment) = one;
    let moment = moment.replace(' ', "T");
    println!("| | API: median | p95 | page: median | p95 | rows |\n|---|--:|--:|--:|--:|--:|");
    for (name, query) in [
        ("first page", String::new()),
        ("behind 900,000", format!("cursor={far}")),
        ("domain", "domain=billing".to_owned()),
        ("type", "command_type=RefundCard".to_owned()),
        ("COMPLETED", "status=COMPLETED".to_owned()),
        ("PENDING", "status=PENDING".to_owned()),
        ("IN_PROGRESS (none)", "status=IN_PROGRESS".to_owned()),
        ("in troubleshooting", "status=IN_TROUBLESHOOTING_QUEUE".to_owned()),
        ("FAILED", "status=FAILED".to_owned()),
        ("CANCELED", "status=CANCELED".to_owned()),
        ("a type that is not there", "command_type=Nothing".to_owned()),
        ("batch", format!("batch_id={batch}")),
        ("correlation", format!("correlation_id={correlation}")),
        ("before a moment", format!("sent_before={moment}")),
        ("from a moment", format!("sent_from={moment}")),
        ("domain, type, FAILED", "domain=mail&command_type=ChargeCard&status=FAILED".to_owned()),
    ] {
        let (api, page) = (format!("/api/commands?{query}"), format!("/commands?{query}"));
        let found: Value = serde_json::from_str(&ask(&app, &api).await?)?;
        let rows = found["items"].as_array().map_or(0, Vec::len);
        let ((api, api_95), (page, page_95)) = (time(&app, &api).await?, time(&app, &page).await?);
        println!("| {name} | {api:.1} ms | {api_95:.1} ms | {page:.1} ms | {page_95:.1} ms | {rows} |");
    }
    pool.close().await;
    postgres.stop().await?;
    Ok(())
}
