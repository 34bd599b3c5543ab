//! The verbs on many parked commands: chosen ones, a page of them, or everything that a filter finds.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use commandbus::store::OperationVerb;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    elements::{Confirmation, number},
    forgery::{Filled, given},
    layout::Sheet,
    resolve::{result, result_field},
    visit::Visit,
};
use crate::{
    api::{
        Api,
        extract::{Asked, Operating},
        operations::{self as api, NewOperation, Which},
        troubleshooting::{ParkedQuery, count},
    },
    problem::Problem,
};

/// Which commands, and what to do with them.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    verb: OperationVerb,
    /// `true` for everything that the filter finds, `page` for those that were shown, else the chosen ones.
    #[serde(default)]
    all: String,
    #[serde(default)]
    id: Vec<Uuid>,
    #[serde(default)]
    on_page: Vec<Uuid>,
    domain: Option<String>,
    command_type: Option<String>,
    error_code: Option<String>,
    fingerprint: Option<String>,
    batch_id: Option<Uuid>,
    #[serde(default)]
    expected_count: Option<u64>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    result: String,
}

impl Choice {
    fn takes_all(&self) -> bool {
        self.all == "true"
    }

    /// The ids, where it is not a filter that is taken.
    fn ids(&self) -> &[Uuid] {
        if self.all == "page" { &self.on_page } else { &self.id }
    }

    fn query(&self) -> ParkedQuery {
        ParkedQuery {
            domain: self.domain.clone(),
            command_type: self.command_type.clone(),
            error_code: self.error_code.clone(),
            fingerprint: self.fingerprint.clone(),
            batch_id: self.batch_id,
        }
    }

    /// The filter in words, for the form that carries it on.
    fn words(&self) -> Vec<(&'static str, String)> {
        let words = [
            ("domain", self.domain.clone()),
            ("command_type", self.command_type.clone()),
            ("error_code", self.error_code.clone()),
            ("fingerprint", self.fingerprint.clone()),
            ("batch_id", self.batch_id.map(|id| id.to_string())),
        ];
        words.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

pub(super) async fn confirm(state: State<Api>, _: Operating, visit: Visit) -> Result<Markup, Problem> {
    let choice: Choice = visit.read()?;
    let count = if choice.takes_all() {
        count(state, visit.viewer(), Asked(choice.query())).await?.0.count
    } else {
        choice.ids().len() as u64
    };
    if count == 0 {
        return Err(Problem::unprocessable(
            "nothing is chosen: go back, and choose some, or everything that the filter finds",
        ));
    }
    let (title, verb, says) = match choice.verb {
        OperationVerb::Retry => ("Retry many", "Retry", "Each is sent again as it is, with a new budget of attempts."),
        OperationVerb::Cancel => ("Cancel many", "Cancel", "Each ends as canceled. The senders are told so, and why."),
        OperationVerb::Complete => ("Complete many", "Complete", "Each ends as completed, with the same result."),
    };
    let button = format!("{verb} {} {}", number(count), if count == 1 { "command" } else { "commands" });
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { strong { (number(count)) " parked " (if count == 1 { "command" } else { "commands" }) } ". " (says) }
            @if choice.takes_all() {
                @if choice.words().is_empty() { p { "This is everything that is parked." } }
                ul.pairs { @for (name, value) in choice.words() { li { span.muted { (name) ": " } (value) } } }
            }
            p { "It is done in small steps in the background, which you can follow, and end." }
        },
        action: visit.to("troubleshooting/resolve"),
        verb: &button,
        cancels: choice.verb == OperationVerb::Cancel,
        needs_reason: choice.verb == OperationVerb::Cancel,
        back: visit.to("troubleshooting"),
    };
    let fields = html! {
        input type="hidden" name="verb" value=(choice.verb);
        @if choice.takes_all() {
            input type="hidden" name="all" value="true";
            input type="hidden" name="expected_count" value=(count);
            @for (name, value) in choice.words() { input type="hidden" name=(name) value=(value); }
        } @else {
            @for id in choice.ids() { input type="hidden" name="id" value=(id); }
        }
        @if choice.verb == OperationVerb::Complete { (result_field()) }
    };
    Ok(Sheet::new(&visit, "troubleshooting", title).show(form.show(fields)))
}

pub(super) async fn begin(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    Filled(choice): Filled<Choice>,
) -> Result<Response, Problem> {
    let takes_all = choice.takes_all();
    if !takes_all && choice.id.is_empty() {
        return Err(Problem::unprocessable("nothing is chosen"));
    }
    let body = NewOperation {
        verb: choice.verb,
        result: result(&choice.result)?,
        reason: given(&choice.reason),
        // Those whom the reader counted, or none.
        expected_count: takes_all.then_some(choice.expected_count.unwrap_or_default()),
        command_ids: (!takes_all).then_some(choice.id),
        filter: if takes_all {
            Which {
                domain: choice.domain,
                command_type: choice.command_type,
                error_code: choice.error_code,
                fingerprint: choice.fingerprint,
                batch_id: choice.batch_id,
            }
        } else {
            Which::default()
        },
    };
    let operation = api::begin_now(&state, operating, body).await?;
    let id = operation.operation_id;
    Ok(Redirect::to(&visit.to(format_args!("operations/{id}?notice=begun"))).into_response())
}
