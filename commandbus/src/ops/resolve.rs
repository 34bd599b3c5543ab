//! What an operator does with a parked command.

use serde::Serialize;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use super::{OpsError, masking};
use crate::{
    bus::Bus,
    message::{Command, CommandId, Domain, envelope::seal, version},
    store::{
        EditedPayload, NewOperation, Operation, OperationId, OperationVerb, OperatorAction, OperatorVerb, Page, Parked,
        ParkedFilter, Resolution,
    },
};

/// An operator at work on the troubleshooting queue. Of two who resolve the same command, one wins and the other gets
/// [`OpsError::NotParked`].
///
/// ```
/// # use commandbus::{bus::Bus, message::{CommandId, Domain}, ops::OpsError, store::ParkedFilter};
/// # async fn example(bus: Bus, parcels: Domain, id: CommandId) -> Result<(), OpsError> {
/// let olga = bus.troubleshooting().by("olga").because("the carrier answers again");
/// olga.retry(&parcels, id).await?;
///
/// // Everything with one code, as one recorded operation.
/// let begun = olga.retry_all(&ParkedFilter::in_domain(parcels).with_code("CARRIER")).await?;
/// bus.operations().run(begun.operation_id, |now| println!("{} of {}", now.done_count, now.total_count)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an operator does nothing by being named"]
pub struct Operator {
    bus: Bus,
    name: String,
    reason: Option<String>,
}

impl Operator {
    pub(super) fn new(bus: Bus, name: String) -> Self {
        Self { bus, name, reason: None }
    }

    /// Says why, for the audit trail.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sends it again as it is, with a new budget of attempts.
    pub async fn retry(&self, domain: &Domain, id: CommandId) -> Result<(), OpsError> {
        self.resolve(domain, id, self.reason.as_deref(), OperatorVerb::Retry { payload: None }).await
    }

    /// Sends it again with another payload, which is first read as the command's type, in its current version; the old one
    /// is archived. A sensitive field that still says [`MASK`](super::MASK) keeps what is stored.
    pub async fn retry_edited<C: Command>(&self, id: CommandId, payload: &Value) -> Result<(), OpsError> {
        let (domain, name) = (&C::SPEC.domain, C::SPEC.name);
        let stored = self.bus.store().command(domain, id).await?;
        let actual = stored.ok_or_else(|| OpsError::CommandNotFound { domain: domain.clone(), id })?.command_type;
        if !C::SPEC.answers_to(&actual) {
            return Err(OpsError::OtherType { id, actual, given: name });
        }
        let payload = self.unmasked(domain, id, payload, C::SPEC.sensitive, current::<C>).await?;
        let data = seal(name, &payload)?;
        // From the text, as the handler will read it.
        serde_json::from_str::<C>(data.get()).map_err(|source| OpsError::Undecodable { command_type: name, source })?;
        self.retry_with(domain, id, EditedPayload { data, version: Some(C::SPEC.version) }).await
    }

    /// Like [`retry_edited`](Self::retry_edited) where the type is not known to this program: whether its handler can
    /// read the payload shows when it runs. It is taken to be of the version that the command came in.
    pub async fn retry_edited_untyped(&self, domain: &Domain, id: CommandId, payload: &Value) -> Result<(), OpsError> {
        let stored = self.bus.store().command(domain, id).await?;
        let stored = stored.ok_or_else(|| OpsError::CommandNotFound { domain: domain.clone(), id })?;
        let sensitive = masking::sensitive_fields(domain, &stored.command_type);
        let payload = self.unmasked(domain, id, payload, &sensitive, |parked| parked.payload.clone()).await?;
        self.retry_with(domain, id, EditedPayload { data: seal("edited command", &payload)?, version: None }).await
    }

    /// Ends it as CANCELED. The reason is required: its sender gets it.
    pub async fn cancel(&self, domain: &Domain, id: CommandId, reason: &str) -> Result<(), OpsError> {
        let (_, reason) = checked(&self.name, reason)?;
        self.resolve(domain, id, Some(reason), OperatorVerb::Cancel).await
    }

    /// Ends it as COMPLETED without a result, as after doing by hand what it was for.
    pub async fn complete(&self, domain: &Domain, id: CommandId) -> Result<(), OpsError> {
        self.resolve(domain, id, self.reason.as_deref(), OperatorVerb::Complete { result: None }).await
    }

    /// Ends it as COMPLETED with the result that its handler would have returned.
    pub async fn complete_with<R>(&self, domain: &Domain, id: CommandId, result: &R) -> Result<(), OpsError>
    where
        R: Serialize + Sync + ?Sized,
    {
        let result = Some(seal("result", result)?);
        self.resolve(domain, id, self.reason.as_deref(), OperatorVerb::Complete { result }).await
    }

    /// Begins to send again everything that a filter finds, as an [operation](super::Operations) that can be followed.
    pub async fn retry_all(&self, filter: &ParkedFilter) -> Result<Operation, OpsError> {
        self.begin(OperationVerb::Retry, filter, self.reason.as_deref(), None).await
    }

    /// Begins to end everything that a filter finds as CANCELED. The reason is required: the senders get it.
    pub async fn cancel_all(&self, filter: &ParkedFilter, reason: &str) -> Result<Operation, OpsError> {
        let (_, reason) = checked(&self.name, reason)?;
        self.begin(OperationVerb::Cancel, filter, Some(reason), None).await
    }

    /// Begins to end everything that a filter finds as COMPLETED without a result.
    pub async fn complete_all(&self, filter: &ParkedFilter) -> Result<Operation, OpsError> {
        self.begin(OperationVerb::Complete, filter, self.reason.as_deref(), None).await
    }

    /// Begins to end everything that a filter finds as COMPLETED with one result.
    pub async fn complete_all_with<R>(&self, filter: &ParkedFilter, result: &R) -> Result<Operation, OpsError>
    where
        R: Serialize + Sync + ?Sized,
    {
        let result = Some(seal("result", result)?);
        self.begin(OperationVerb::Complete, filter, self.reason.as_deref(), result).await
    }

    async fn begin(
        &self,
        verb: OperationVerb,
        filter: &ParkedFilter,
        reason: Option<&str>,
        result: Option<Box<RawValue>>,
    ) -> Result<Operation, OpsError> {
        let operation = NewOperation {
            operation_id: OperationId::new(),
            verb,
            filter: filter.clone(),
            operator: named(&self.name)?.to_owned(),
            reason: reason.map(|reason| stated(reason).map(str::to_owned)).transpose()?,
            result,
        };
        Ok(self.bus.store().admin().begin_operation(&operation).await?)
    }

    /// The payload with what is stored in the place of every mask.
    async fn unmasked(
        &self,
        domain: &Domain,
        id: CommandId,
        payload: &Value,
        sensitive: &[&'static str],
        stored: fn(&Parked) -> Option<Value>,
    ) -> Result<Value, OpsError> {
        let mut payload = payload.clone();
        if !masking::has_mask(&payload, sensitive) {
            return Ok(payload);
        }
        let filter = ParkedFilter { domain: Some(domain.clone()), command_id: Some(id), ..ParkedFilter::default() };
        let parked = self.bus.store().parked(&filter, Page::first(1)).await?;
        let stored = parked.first().and_then(stored).unwrap_or_default();
        masking::unmask(&mut payload, &stored, sensitive).map_err(|field| OpsError::NothingBehindMask { id, field })?;
        Ok(payload)
    }

    async fn retry_with(&self, domain: &Domain, id: CommandId, payload: EditedPayload) -> Result<(), OpsError> {
        let verb = OperatorVerb::Retry { payload: Some(payload) };
        self.resolve(domain, id, self.reason.as_deref(), verb).await
    }

    async fn resolve(
        &self,
        domain: &Domain,
        id: CommandId,
        reason: Option<&str>,
        verb: OperatorVerb,
    ) -> Result<(), OpsError> {
        let action = OperatorAction {
            command_id: id,
            operator: named(&self.name)?.to_owned(),
            reason: reason.map(|reason| stated(reason).map(str::to_owned)).transpose()?,
            verb,
        };
        match self.bus.store().resolve(domain, &[action]).await?.first() {
            Some(Resolution::Done) => Ok(()),
            Some(Resolution::NotParked(status)) => Err(OpsError::NotParked { id, status: *status }),
            Some(Resolution::MessageGone) => Err(OpsError::MessageGone { id }),
            Some(Resolution::NotFound) | None => Err(OpsError::CommandNotFound { domain: domain.clone(), id }),
        }
    }
}

/// The stored payload as the current version has it, as far as it can be read as a `C`.
fn current<C: Command>(parked: &Parked) -> Option<Value> {
    let stored = parked.payload.as_ref()?;
    if parked.version == C::SPEC.version {
        return Some(stored.clone());
    }
    let command = version::read::<C>(parked.version, &to_raw_value(stored).ok()?).ok()?;
    serde_json::to_value(command).ok()
}

/// An operator's name and a reason, where both are required.
pub(super) fn checked<'a>(operator: &'a str, reason: &'a str) -> Result<(&'a str, &'a str), OpsError> {
    let operator = named(operator)?;
    let reason = stated(reason)?;
    if reason.is_empty() { Err(OpsError::ReasonRequired) } else { Ok((operator, reason)) }
}

/// The same where a reason may be given.
pub(super) fn signed<'a>(operator: &'a str, reason: Option<&'a str>) -> Result<(&'a str, Option<&'a str>), OpsError> {
    let reason = reason.map(stated).transpose()?.filter(|reason| !reason.is_empty());
    Ok((named(operator)?, reason))
}

pub(super) fn named(operator: &str) -> Result<&str, OpsError> {
    match operator.trim() {
        "" => Err(OpsError::OperatorRequired),
        name if name.contains('\0') => Err(OpsError::Nul { what: "operator's name" }),
        name => Ok(name),
    }
}

pub(super) fn stated(reason: &str) -> Result<&str, OpsError> {
    let reason = reason.trim();
    if reason.contains('\0') { Err(OpsError::Nul { what: "reason" }) } else { Ok(reason) }
}
