//! Prints what a process did, from its audit trail.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use commandbus::{
    bus::Bus,
    message::{Outcome, SentStep, StepRole},
    process::Started,
};

use crate::{Error, process::Transfer};

pub(crate) async fn print(bus: &Bus, title: &str, transfer: &Started<Transfer>) -> Result<(), Error> {
    let ended = transfer.metadata().await?;
    let steps = bus.processes().steps(&ended.domain, ended.process_id).await?;
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["after", "step", "command", "domain", "ended"]);
    for step in &steps {
        let after = (step.sent_at - ended.created_at).as_seconds_f64() * 1000.0;
        table.add_row([
            format!("{after:.0} ms"),
            match step.role {
                StepRole::Step => step.step_name.clone(),
                StepRole::Undo { .. } => format!("undo {}", step.step_name),
            },
            step.command_type.clone(),
            step.command_domain.as_ref().map(ToString::to_string).unwrap_or_default(),
            ending(step),
        ]);
    }
    let cause = ended.error_code.map(|code| format!(" ({code})")).unwrap_or_default();
    println!("\n{title}: {}{cause}\n{table}", ended.status);
    Ok(())
}

fn ending(step: &SentStep) -> String {
    let said = |field: &str| step.reply_data.as_ref().and_then(|data| data.get(field)?.as_str());
    match step.outcome {
        None => "in flight".to_owned(),
        Some(Outcome::Success) => "done".to_owned(),
        Some(Outcome::Failed) => format!("refused: {}", said("error_message").unwrap_or_default()),
        Some(Outcome::Canceled) => format!("canceled: {}", said("reason").unwrap_or_default()),
    }
}
