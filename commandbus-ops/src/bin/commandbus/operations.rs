//! Verbs on many commands at once.

use std::process::ExitCode;

use commandbus::{bus::Bus, store::OperationId};
use commandbus_ops::view::{self, Operation};

use crate::{
    arguments::Operations,
    commands::page,
    failure::Failure,
    output::{Table, ago, text},
    session::Session,
};

pub(crate) async fn run(session: &Session, task: Operations) -> Result<ExitCode, Failure> {
    let bus = session.bus().await?;
    match task {
        Operations::List(paging) => {
            let found: view::Page<Operation> = view::Page::of(bus.operations().list(page(&paging)?).await?);
            session.answer(&found, || {
                let mut table = rows(&found.items);
                table.next(found.next_cursor.as_deref());
                table
            });
        }
        Operations::Show { id } => {
            let operation = Operation::from(bus.operations().get(OperationId::from_uuid(id)).await?);
            session.answer(&operation, || rows(std::slice::from_ref(&operation)));
        }
        Operations::Resume { id } => return follow(session, &bus, OperationId::from_uuid(id)).await,
        Operations::Cancel { id } => {
            let operation = Operation::from(bus.operations().cancel(OperationId::from_uuid(id)).await?);
            session.answer(&operation, || rows(std::slice::from_ref(&operation)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Goes on with an operation to its end, and shows how far it is.
pub(crate) async fn follow(session: &Session, bus: &Bus, id: OperationId) -> Result<ExitCode, Failure> {
    let bar = session.bar(0, "resolving");
    let ended = bus
        .operations()
        .run(id, |now| {
            bar.set_length(u64::from(now.total_count));
            bar.set_position(u64::from(now.done_count + now.skipped_count));
        })
        .await?;
    bar.finish_and_clear();
    let operation = Operation::from(ended);
    session.say(
        &operation,
        format_args!(
            "{} {}: {} of {} done, {} skipped. Operation {}",
            operation.verb,
            operation.status,
            operation.done_count,
            operation.total_count,
            operation.skipped_count,
            operation.operation_id
        ),
    );
    Ok(ExitCode::SUCCESS)
}

fn rows(operations: &[Operation]) -> Table {
    let empty = "There were none. `commandbus tsq retry --filter ..` begins one.";
    let mut table = Table::new(["operation", "verb", "status", "done", "skipped", "of", "by", "why", "began"], empty);
    for operation in operations {
        table.row([
            operation.operation_id.to_string(),
            operation.verb.clone(),
            operation.status.clone(),
            operation.done_count.to_string(),
            operation.skipped_count.to_string(),
            operation.total_count.to_string(),
            operation.operator.clone(),
            text(operation.reason.as_ref()),
            ago(operation.created_at),
        ]);
    }
    table
}
