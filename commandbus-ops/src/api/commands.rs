//! Commands: to look for, to send, to cancel before they run.

use axum::{Json, http::StatusCode};
use chrono::{DateTime, Utc};
use commandbus::{
    bus::UntypedCommand,
    message::{BatchId, CommandId, CommandStatus},
    store::CommandFilter,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    extract::{Asked, At, Given, Operating, Paging, Sending, Viewer, domain, some_domain},
};
use crate::{
    problem::Problem,
    view::{self, Command, CommandDetail, Count, Page},
};

/// Where counts stop.
const CAP: u32 = 10_000;

/// How many commands one request may send.
const MOST: usize = 10_000;

/// How many of these are on their way at once; those share transactions.
const AT_ONCE: usize = 500;

/// Which commands.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommandQuery {
    /// Of this domain.
    pub(crate) domain: Option<String>,
    /// With this id.
    pub(crate) command_id: Option<Uuid>,
    /// Of this type.
    pub(crate) command_type: Option<String>,
    /// In this state, as PENDING or IN_TROUBLESHOOTING_QUEUE.
    pub(crate) status: Option<String>,
    /// Of this batch.
    pub(crate) batch_id: Option<Uuid>,
    /// With this correlation id; commands of a process have its id.
    pub(crate) correlation_id: Option<Uuid>,
    /// Sent at this moment or later.
    pub(crate) sent_from: Option<DateTime<Utc>>,
    /// Sent before this moment.
    pub(crate) sent_before: Option<DateTime<Utc>>,
}

impl CommandQuery {
    fn filter(&self) -> Result<CommandFilter, Problem> {
        let mut filter = CommandFilter::default();
        filter.domain = some_domain(self.domain.as_deref())?;
        filter.command_type = self.command_type.clone().filter(|name| !name.is_empty());
        let status = self.status.as_deref().filter(|status| !status.is_empty());
        filter.status = status.map(str::parse::<CommandStatus>).transpose().map_err(|_| {
            let known: Vec<&str> = CommandStatus::ALL.iter().map(|status| status.as_str()).collect();
            Problem::bad_request(format!("`status` is one of {}", known.join(", ")))
        })?;
        filter.batch_id = self.batch_id.map(BatchId::from_uuid);
        filter.correlation_id = self.correlation_id;
        filter.sent_from = self.sent_from;
        filter.sent_before = self.sent_before;
        Ok(filter)
    }
}

/// Commands, newest id first.
#[utoipa::path(get, path = "/commands", tag = "commands", params(CommandQuery, Paging),
    responses((status = 200, body = Page<Command>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn list(
    axum::extract::State(api): axum::extract::State<Api>,
    _: Viewer,
    Asked(query): Asked<CommandQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Command>>, Problem> {
    if let Some(id) = query.command_id {
        let found = api.bus.commands().find(CommandId::from_uuid(id)).await?;
        let found =
            found.into_iter().filter(|one| query.domain.as_ref().is_none_or(|name| one.domain.as_str() == name));
        return Ok(Json(Page { items: found.map(Into::into).collect(), next_cursor: None }));
    }
    Ok(Json(Page::of(api.bus.commands().search(&query.filter()?, paging.page()?).await?)))
}

/// How many commands a filter finds; it stops counting at 10,000.
#[utoipa::path(get, path = "/commands/count", tag = "commands", params(CommandQuery),
    responses((status = 200, body = Count)))]
pub(crate) async fn count(
    axum::extract::State(api): axum::extract::State<Api>,
    _: Viewer,
    Asked(query): Asked<CommandQuery>,
) -> Result<Json<Count>, Problem> {
    Ok(Json(api.bus.commands().count(&query.filter()?, CAP).await?.into()))
}

/// A command to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCommand {
    /// Whose queue is to carry it.
    domain: String,
    /// The name of its type.
    command_type: String,
    /// The command itself.
    data: Value,
    /// Its id, so that sending it twice is found out; drawn unless given.
    command_id: Option<Uuid>,
    /// What it belongs to; drawn unless given.
    correlation_id: Option<Uuid>,
    /// The group it runs in.
    group: Option<String>,
    /// The version of its type that the data are written in; 1 unless given.
    version: Option<u32>,
    /// How often it is attempted; 3 unless given.
    max_attempts: Option<u32>,
    /// The queue that its reply is to go to.
    reply_to: Option<String>,
    /// When it is to run at the earliest.
    not_before: Option<DateTime<Utc>>,
}

/// One command, or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewCommands {
    /// One.
    One(Box<NewCommand>),
    /// Several; each stands for itself.
    Several(Vec<NewCommand>),
}

/// What was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentCommand {
    domain: String,
    command_id: Uuid,
}

/// Sends one command, or up to 10,000. Of several each stands for itself: when one is refused, others may have been sent.
#[utoipa::path(post, path = "/commands", tag = "commands", request_body = NewCommands,
    responses((status = 201, body = Vec<SentCommand>), (status = 409, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn send(
    axum::extract::State(api): axum::extract::State<Api>,
    Sending(caller): Sending,
    Given(body): Given<NewCommands>,
) -> Result<(StatusCode, Json<Vec<SentCommand>>), Problem> {
    let commands = match body {
        NewCommands::One(command) => vec![*command],
        NewCommands::Several(commands) => commands,
    };
    if commands.is_empty() || commands.len() > MOST {
        return Err(Problem::unprocessable(format!("send between 1 and {MOST} commands in one request")));
    }
    let sending: Vec<_> = commands.into_iter().map(|command| prepared(&api, command)).collect::<Result<_, _>>()?;
    let sent: Vec<SentCommand> = stream::iter(sending)
        .map(async |sending| {
            let sent = sending.await?;
            Ok::<_, Problem>(SentCommand { domain: sent.domain().to_string(), command_id: sent.id().as_uuid() })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    tracing::info!(operator = caller.name, count = sent.len(), "commands were sent");
    Ok((StatusCode::CREATED, Json(sent)))
}

fn prepared(api: &Api, new: NewCommand) -> Result<commandbus::bus::Sending<UntypedCommand>, Problem> {
    let mut command = UntypedCommand::new(domain(&new.domain)?, new.command_type, new.data);
    if let Some(group) = new.group {
        command = command.group(group);
    }
    if let Some(version) = new.version {
        command = command.with_version(version);
    }
    let mut sending = api.bus.send_untyped(command);
    if let Some(id) = new.command_id {
        sending = sending.id(CommandId::from_uuid(id));
    }
    if let Some(id) = new.correlation_id {
        sending = sending.correlation(id);
    }
    if let Some(attempts) = new.max_attempts {
        sending = sending.max_attempts(attempts);
    }
    if let Some(queue) = new.reply_to {
        sending = sending.reply_to(queue);
    }
    if let Some(time) = new.not_before {
        sending = sending.at(time);
    }
    Ok(sending)
}

/// One command with what it carries and what happened to it.
#[utoipa::path(get, path = "/commands/{domain}/{command_id}", tag = "commands",
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 200, body = CommandDetail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    axum::extract::State(api): axum::extract::State<Api>,
    _: Viewer,
    At((name, id)): At<(String, Uuid)>,
) -> Result<Json<CommandDetail>, Problem> {
    let (domain, id) = (domain(&name)?, CommandId::from_uuid(id));
    let command = api.bus.commands().get(&domain, id).await?.ok_or_else(|| {
        Problem::not_found(format!(
            "domain `{domain}` has no command {id}: check both, or it was removed after it ended"
        ))
    })?;
    let payload = api.bus.commands().payload(&command).await?;
    let audit = view::all(api.bus.audit().of_command(&domain, id).await?);
    Ok(Json(CommandDetail { command: command.into(), payload, audit }))
}

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// Why; the audit trail keeps it.
    pub(crate) reason: String,
}

/// Cancels a command that waits. The reason is required: its sender gets it.
#[utoipa::path(post, path = "/commands/{domain}/{command_id}/cancel", tag = "commands", request_body = Reason,
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cancel(
    axum::extract::State(api): axum::extract::State<Api>,
    Operating(caller): Operating,
    At((name, id)): At<(String, Uuid)>,
    Given(body): Given<Reason>,
) -> Result<StatusCode, Problem> {
    api.bus.commands().cancel(&domain(&name)?, CommandId::from_uuid(id), &caller.name, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
