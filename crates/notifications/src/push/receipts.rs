//! Asking the push service what became of messages.

use std::{collections::BTreeSet, time::Duration};

use platform::{App, jobs::Job};
use serde::{Deserialize, Serialize};

use super::{
    expo::{self, NOT_REGISTERED},
    sending::{finish, forget, of_code},
    service,
    store::{Fate, clear, take_tickets},
};

/// Fetches the receipts that should be there by now, and clears away what will never have one.
#[derive(Debug, Serialize, Deserialize)]
pub struct FetchReceipts {}

impl Job for FetchReceipts {
    const NAME: &'static str = "notifications.fetch_receipts";
    const TIMEOUT: Duration = Duration::from_mins(5);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let Some(service) = service(&app) else {
            return Ok(());
        };
        loop {
            let pushes = take_tickets(&app).await?;
            if pushes.is_empty() {
                break;
            }
            let tickets: BTreeSet<String> = pushes.iter().filter_map(|push| push.ticket.clone()).collect();
            let tickets: Vec<String> = tickets.into_iter().collect();
            let receipts = match expo::receipts(&service, &tickets).await {
                Ok(receipts) => receipts,
                Err(error) => {
                    // Those that were taken come up again in a quarter of an hour.
                    tracing::warn!(%error, "the receipts of push messages could not be fetched");
                    break;
                }
            };
            let mut fates = Vec::new();
            for push in pushes {
                let receipt = push.ticket.as_ref().and_then(|ticket| receipts.get(ticket));
                let fate = match receipt {
                    None => continue,
                    Some(Ok(_)) => Fate::Delivered,
                    Some(Err(code)) => {
                        if code == NOT_REGISTERED
                            && let Some(sent_at) = push.sent_at
                        {
                            forget(&app, &push, sent_at).await?;
                        }
                        of_code(code.clone())
                    }
                };
                fates.push((push, fate));
            }
            finish(&app, fates).await?;
        }
        let cleared = clear(&app).await?;
        if cleared > 0 {
            tracing::info!(
                pushes = cleared,
                "push messages without an outcome, and old ones, were cleared away"
            );
        }
        Ok(())
    }
}
