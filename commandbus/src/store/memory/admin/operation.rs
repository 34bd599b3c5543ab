//! Operations.

use crate::store::{
    NewOperation, Operation, OperationId, OperationStatus, OperationVerb, OperatorAction, OperatorVerb, Resolution,
    memory::state::{OpenOperation, Transition},
};

impl Transition<'_> {
    pub(super) fn begin_operation(&mut self, new: &NewOperation) -> Operation {
        let found = self.state.list_parked(&new.filter);
        let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let last = found.last().map_or(0, |parked| parked.parked_id);
        let operation = Operation::begun(new, total, self.now);
        let open = OpenOperation { operation: operation.clone(), result: new.result.clone(), reached: 0, last };
        self.state.operations.insert(new.operation_id, open);
        operation
    }

    pub(super) fn advance_operation(&mut self, id: OperationId, limit: u32) -> Option<Operation> {
        let OpenOperation { operation, result, reached, last } = self.state.operations.get(&id)?;
        if operation.is_over() {
            return Some(operation.clone());
        }
        let found = self.state.list_parked(&operation.filter);
        let next = found.into_iter().filter(|parked| parked.parked_id > *reached && parked.parked_id <= *last);
        let next: Vec<_> =
            next.take(limit as usize).map(|one| (one.parked_id, one.domain.clone(), one.command_id)).collect();
        let verb = match operation.verb {
            OperationVerb::Retry => OperatorVerb::Retry { payload: None },
            OperationVerb::Cancel => OperatorVerb::Cancel,
            OperationVerb::Complete => OperatorVerb::Complete { result: result.clone() },
        };
        let (operator, reason) = (operation.operator.clone(), operation.reason.clone());
        let mut done = 0;
        for (_, domain, command_id) in &next {
            let (operator, reason, verb) = (operator.clone(), reason.clone(), verb.clone());
            let action = OperatorAction { command_id: *command_id, operator, reason, verb };
            done += u32::from(self.resolve(domain, &action) == Resolution::Done);
        }

        let now = self.now;
        let open = self.state.operations.get_mut(&id)?;
        open.reached = next.last().map_or(open.last, |(parked_id, ..)| *parked_id);
        let operation = &mut open.operation;
        operation.done_count += done;
        operation.updated_at = now;
        if next.len() < limit as usize {
            operation.skipped_count = operation.total_count.saturating_sub(operation.done_count);
            operation.status = OperationStatus::Completed;
            operation.completed_at = Some(now);
        } else {
            operation.skipped_count += u32::try_from(next.len()).unwrap_or(u32::MAX) - done;
        }
        Some(operation.clone())
    }

    pub(super) fn cancel_operation(&mut self, id: OperationId) -> Option<Operation> {
        let now = self.now;
        let operation = &mut self.state.operations.get_mut(&id)?.operation;
        if !operation.is_over() {
            operation.status = OperationStatus::Canceled;
            operation.updated_at = now;
            operation.completed_at = Some(now);
        }
        Some(operation.clone())
    }
}
