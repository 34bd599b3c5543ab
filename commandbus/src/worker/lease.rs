//! Keeps the leases of everything in hand, as one group.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use metrics::counter;

use super::engine::{Engine, Stall};
use crate::{
    error::StoreError,
    store::Token,
    telemetry::{field, metric},
};

/// The most that is renewed in one call.
const GROUP: usize = 500;

/// Renews at a third of the lease, so that one failed try leaves time for another.
pub(super) async fn run(engine: Arc<Engine>) {
    let period = engine.settings.lease / 3;
    loop {
        tokio::select! {
            () = engine.store().sleep(period) => renew_all(&engine).await,
            () = engine.stopped.cancelled() => return,
        }
    }
}

/// Renews until it has worked once. What is in hand is looked up at each try, because it changes meanwhile.
async fn renew_all(engine: &Engine) {
    let mut stall = None;
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay((engine.settings.lease / 6).max(Duration::from_millis(200)))
        .with_jitter()
        .without_max_times()
        .build();
    while let Err(error) = renew_once(engine).await {
        if matches!(error, StoreError::Unreachable { .. }) {
            stall.get_or_insert_with(|| Stall::new(&engine.stalled));
        }
        tokio::select! {
            () = tokio::time::sleep(pauses.next().unwrap_or_default()) => {}
            () = engine.stopped.cancelled() => return,
        }
    }
}

async fn renew_once(engine: &Engine) -> Result<(), StoreError> {
    let tokens = engine.hand.tokens();
    for group in tokens.chunks(GROUP) {
        let renewing = engine.store().renew(&engine.domain, group, engine.settings.lease);
        let current = engine.call("renew", renewing).await?;
        let gone = group.iter().zip(current).filter(|(_, current)| !current).map(|(token, _)| *token);
        engine.hand.lose(gone).into_iter().for_each(|token| warn_of(engine, token));
    }
    Ok(())
}

fn warn_of(engine: &Engine, token: Token) {
    counter!(metric::STALE, "domain" => engine.domain.to_string()).increment(1);
    tracing::warn!(
        { field::DOMAIN } = %engine.domain, { field::COMMAND_ID } = %token.command_id,
        "the lease was lost: the command was delivered again, or an operator ended it; its handler is canceled and its \
         outcome will be dropped",
    );
}
