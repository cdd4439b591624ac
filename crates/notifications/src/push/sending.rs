//! Handing messages to the push service.

use std::{collections::HashMap, time::Duration};

use platform::{App, jobs::Job};
use serde::{Deserialize, Serialize};

use super::{
    expo::{self, ExpoError, MOST_MESSAGES, NOT_REGISTERED, Outcome, TOO_MANY},
    messages::{Parcel, sort},
    service,
    store::{Fate, Push, settle, take_due},
};
use crate::{outcomes::count, settings::PushService};

/// Sends what is due. It does not say what: whichever such job comes first takes all of it, a hundred at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendPushes {}

impl Job for SendPushes {
    const NAME: &'static str = "notifications.send_pushes";
    const TIMEOUT: Duration = Duration::from_mins(5);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let Some(service) = service(&app) else {
            return Ok(());
        };
        loop {
            let pushes = take_due(&app).await?;
            if pushes.is_empty() {
                return Ok(());
            }
            let sorted = sort(&app, pushes).await?;
            finish(&app, sorted.kept_back).await?;
            for parcels in in_requests(sorted.parcels) {
                send(&app, &service, parcels).await?;
            }
        }
    }
}

/// Lists that each fit into a request.
fn in_requests(parcels: Vec<Parcel>) -> Vec<Vec<Parcel>> {
    let mut lists = Vec::new();
    let mut rest = parcels.into_iter().peekable();
    while rest.peek().is_some() {
        lists.push(rest.by_ref().take(MOST_MESSAGES).collect());
    }
    lists
}

async fn send(app: &App, service: &PushService, parcels: Vec<Parcel>) -> anyhow::Result<()> {
    let mut waiting = vec![parcels];
    while let Some(parcels) = waiting.pop() {
        let messages: Vec<_> = parcels.iter().map(|parcel| parcel.message.clone()).collect();
        let fates = match expo::send(service, &messages).await {
            Ok(outcomes) => of_tickets(app, parcels, outcomes).await?,
            Err(ExpoError::SeveralProjects(lists)) => {
                let (apart, unnamed) = by_project(parcels, &lists);
                waiting.extend(apart);
                let error = ExpoError::Refused("it names no project for these".to_owned());
                of_failure(unnamed, &error)
            }
            Err(error) => of_failure(parcels, &error),
        };
        finish(app, fates).await?;
    }
    Ok(())
}

/// The messages of each project, and those of none. Each list is shorter than the whole, so this comes to an end.
fn by_project(parcels: Vec<Parcel>, lists: &[Vec<String>]) -> (Vec<Vec<Parcel>>, Vec<Parcel>) {
    let of_token: HashMap<&str, usize> = lists
        .iter()
        .enumerate()
        .flat_map(|(project, tokens)| tokens.iter().map(move |token| (token.as_str(), project)))
        .collect();
    let mut apart: HashMap<usize, Vec<Parcel>> = HashMap::new();
    let mut unnamed = Vec::new();
    let total = parcels.len();
    for parcel in parcels {
        match of_token.get(parcel.message.to.as_str()) {
            Some(project) => apart.entry(*project).or_default().push(parcel),
            None => unnamed.push(parcel),
        }
    }
    let mut apart: Vec<Vec<Parcel>> = apart.into_values().collect();
    if apart.iter().any(|list| list.len() == total) {
        unnamed.extend(apart.drain(..).flatten());
    }
    (apart, unnamed)
}

async fn of_tickets(
    app: &App,
    parcels: Vec<Parcel>,
    outcomes: Vec<Outcome>,
) -> anyhow::Result<Vec<(Push, Fate)>> {
    let mut fates = Vec::new();
    for (parcel, outcome) in parcels.into_iter().zip(outcomes) {
        let fate = match outcome {
            Ok(ticket) => Fate::Sent { ticket },
            Err(code) => {
                if code == NOT_REGISTERED
                    && let Some(push) = parcel.pushes.first()
                {
                    forget(app, push, app.clock().now()).await?;
                }
                of_code(code)
            }
        };
        fates.extend(parcel.pushes.into_iter().map(|push| (push, fate.clone())));
    }
    Ok(fates)
}

/// What the service's word for a single message means for it.
pub(super) fn of_code(code: String) -> Fate {
    match code.as_str() {
        TOO_MANY => Fate::Again { error: code },
        NOT_REGISTERED => Fate::Failed { error: code },
        _ => {
            tracing::warn!(code, "the push service refused a message");
            Fate::Failed { error: code }
        }
    }
}

/// Removes a device that is registered with the app no longer, unless it has come back since.
pub(super) async fn forget(
    app: &App,
    push: &Push,
    addressed_at: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<()> {
    let device = push.device_id;
    let forgotten = app
        .db()
        .write(|tx| async move { identity::forget_device(&tx, device, addressed_at).await })
        .await?;
    if forgotten {
        metrics::counter!("selflink_push_devices_removed_total").increment(1);
    }
    Ok(())
}

fn of_failure(parcels: Vec<Parcel>, error: &ExpoError) -> Vec<(Push, Fate)> {
    if parcels.is_empty() {
        return Vec::new();
    }
    tracing::warn!(%error, messages = parcels.len(), "a push request failed");
    let error_text = error.to_string();
    let fate = match error {
        ExpoError::Busy(_) => Fate::Again { error: error_text },
        ExpoError::Unclear(_) => Fate::Unknown { error: error_text },
        ExpoError::Refused(_) | ExpoError::SeveralProjects(_) => Fate::Failed { error: error_text },
    };
    let pushes = parcels.into_iter().flat_map(|parcel| parcel.pushes);
    pushes.map(|push| (push, fate.clone())).collect()
}

/// Writes outcomes down, and counts them.
pub(super) async fn finish(app: &App, fates: Vec<(Push, Fate)>) -> anyhow::Result<()> {
    if fates.is_empty() {
        return Ok(());
    }
    let settled = &fates;
    app.db()
        .write(|tx| async move { settle(&tx, settled).await })
        .await?;
    for (push, fate) in &fates {
        count(&push.kind, "push", fate.name());
    }
    Ok(())
}
