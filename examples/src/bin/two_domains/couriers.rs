//! The couriers' service. It knows the kitchen's commands, and nothing of its handlers.

use commandbus::{bus::SendError, prelude::*};

use crate::kitchen::CookMeal;

#[command(domain = "couriers")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deliver {
    pub(crate) order: u32,
    pub(crate) box_number: Option<u32>,
    pub(crate) street: String,
}

/// A customer calls: the meal was cold.
#[command(domain = "couriers")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Complain {
    pub(crate) order: u32,
    pub(crate) dish: String,
}

#[derive(Debug, thiserror::Error, HandlerError)]
pub(crate) enum CourierError {
    #[error("nobody rides to {0}")]
    #[business_rule(code = "TOO_FAR")]
    TooFar(String),
    #[error(transparent)]
    #[transient(code = "DATABASE")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    #[transient(code = "SEND")]
    Send(#[from] SendError),
}

#[handler]
pub(crate) async fn deliver(cmd: Deliver) -> Result<(), CourierError> {
    if cmd.street == "Lighthouse" {
        return Err(CourierError::TooFar(cmd.street));
    }
    println!("   couriers: bring box {} to {}", cmd.box_number.unwrap_or_default(), cmd.street);
    Ok(())
}

/// Notes the complaint, and asks the other team for a new meal. Both happen with the end of this command or not at all,
/// however often it is attempted: so no meal is cooked twice. Nobody waits here for the kitchen.
#[handler]
pub(crate) async fn complain(cmd: Complain, context: Context, mut tx: Tx) -> Result<(), CourierError> {
    sqlx::query("insert into two_domains.complaint (order_number) values ($1)")
        .bind(i64::from(cmd.order))
        .execute(&mut *tx)
        .await?;
    println!("   couriers: note a complaint about order {}, and send CookMeal to the kitchen", cmd.order);
    CookMeal { order: cmd.order, dish: cmd.dish }.send(context.bus()).within(&mut tx).await?;
    Ok(())
}
