//! Every page that a browser can open, on a shop that has been at work.

use commandbus::store::{BatchFilter, Page, ParkedFilter, ProcessFilter};

use crate::shop::Shop;

/// Each address of the router with something in the place of its parameters. Those that only take forms are left out.
pub(crate) async fn of(shop: &Shop) -> Vec<String> {
    let bus = &shop.bus;
    let parked = &bus
        .troubleshooting()
        .list(&ParkedFilter::in_domain(crate::shop::PAYMENTS.clone()), Page::first(1))
        .await
        .unwrap()[0];
    let parked = format!("payments/{}", parked.command_id);
    let batches = bus.batches().list(&BatchFilter::default(), Page::first(50)).await.unwrap().items;
    let batch = |name: &str| batches.iter().find(|batch| batch.name.as_deref() == Some(name)).unwrap().batch_id;
    let processes = bus.processes().list(&ProcessFilter::default(), Page::first(50)).await.unwrap();
    let undone =
        processes.iter().find(|process| process.error_code.is_some() && process.completed_at.is_some()).unwrap();
    let operation = bus.operations().list(Page::first(1)).await.unwrap().items[0].operation_id;
    let reply = shop.parked_reply().await.unwrap();
    let waiting = shop.waiting_command().await;

    let mut pages = Vec::new();
    for route in commandbus_ops::pages() {
        let parts: Vec<&str> = route.split('/').skip(1).collect();
        let page = match parts[..] {
            [.., "pause" | "resume" | "edited"] | ["operations", _, "cancel"] => continue,
            ["troubleshooting", "resolve"] => "troubleshooting/resolve?verb=COMPLETE&all=true".to_owned(),
            ["troubleshooting", "{domain}", "{command_id}"] => format!("troubleshooting/{parked}"),
            ["troubleshooting", "{domain}", "{command_id}", verb] => format!("troubleshooting/{parked}/{verb}"),
            ["commands", "{domain}", "{command_id}"] => format!("commands/{parked}"),
            ["commands", "{domain}", "{command_id}", verb] => format!("commands/payments/{waiting}/{verb}"),
            ["batches", "{batch_id}"] => format!("batches/{}", batch("Monthly billing")),
            ["batches", "{batch_id}", verb] => format!("batches/{}/{verb}", batch("Held back")),
            ["process-batches", "{batch_id}"] => format!("process-batches/{}", batch("Orders of the evening")),
            ["processes", "{domain}", "parked-replies"] => "processes/orders/parked-replies".to_owned(),
            ["processes", "{domain}", "parked-replies", "{parked_reply_id}", verb] => {
                format!("processes/orders/parked-replies/{reply}/{verb}")
            }
            ["processes", "{domain}", "{process_id}"] => format!("processes/orders/{}", undone.process_id),
            ["operations", "{operation_id}"] => format!("operations/{operation}"),
            [section] => section.to_owned(),
            [section, view] if !view.starts_with('{') => format!("{section}/{view}"),
            _ => panic!("say here what to open of `{route}`"),
        };
        pages.push(page);
    }
    pages
}

/// The name of a page as that of a file.
pub(crate) fn file_name(page: &str) -> String {
    let page = page.split('?').next().unwrap_or_default();
    let parts: Vec<&str> =
        page.split('/').filter(|part| part.parse::<uuid::Uuid>().is_err() && !part.is_empty()).collect();
    let is_one = page.split('/').any(|part| part.parse::<uuid::Uuid>().is_ok());
    let name = if parts.is_empty() { "root".to_owned() } else { parts.join("-") };
    if is_one { format!("{name}-one") } else { name }
}
