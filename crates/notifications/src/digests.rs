//! The daily summary by mail, in people's morning: for those who want one, and for those for whom mails had to wait.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, NaiveDate, Timelike as _, Utc};
use identity::DeliverySettings;
use platform::{
    App,
    id::UserId,
    jobs::{Enqueue, Job},
    mail::MailError,
};
use sea_orm::{DbErr, Value};
use serde::{Deserialize, Serialize};

use crate::{
    kinds::Kind,
    letters::may_be_mailed,
    mails::{self, Addressee},
    outcomes::count,
    quiet_hours::zone_of,
    statements::{execute, list, rows, users},
    unsubscribing::{self, Mails},
    words,
};

/// The hour of people's day at which they get it, and the one at which it is too late: the scheduler may have been away.
const MORNING: std::ops::Range<u32> = 8..12;
/// What a summary tells of: what came since.
const SINCE: chrono::Duration = chrono::Duration::days(1);
/// Accounts that are looked at in one go.
const BATCH: u32 = 500;

/// Starts the summaries of those whose morning it is. Runs every hour.
#[derive(Debug, Serialize, Deserialize)]
pub struct StartDigests {}

impl Job for StartDigests {
    const NAME: &'static str = "notifications.start_digests";
    const TIMEOUT: Duration = Duration::from_mins(30);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let mut after = UserId(0);
        loop {
            let readers = identity::digest_readers(app.db().reader(), after, BATCH).await?;
            let Some(last) = readers.last() else { break };
            after = *last;
            start(&app, &readers).await?;
        }
        after = UserId(0);
        loop {
            let waiting = with_held_mails(&app, after).await?;
            let Some(last) = waiting.last() else { return Ok(()) };
            after = *last;
            start(&app, &waiting).await?;
        }
    }
}

/// The next accounts for which mails had to wait.
async fn with_held_mails(app: &App, after: UserId) -> Result<Vec<UserId>, DbErr> {
    let text = format!(
        "SELECT DISTINCT user_id FROM notifications WHERE mail_held AND user_id > $1 ORDER BY user_id LIMIT {BATCH}"
    );
    let found = rows(app.db().reader(), text, vec![after.0.into()]).await?;
    found.iter().map(|row| row.try_get_by_index(0)).collect()
}

async fn start(app: &App, people: &[UserId]) -> anyhow::Result<()> {
    let on = app.db().reader();
    let settings = identity::delivery_settings(on, people).await?;
    let had = last_days(app, people).await?;
    let now = app.clock().now();
    for (user, account) in settings.iter().filter(|(_, account)| may_be_mailed(app, account)) {
        let Some(day) = morning(app, account, now) else {
            continue;
        };
        let day = day.to_string();
        if had.get(user).is_some_and(|last| *last >= day) {
            continue;
        }
        let options = Enqueue {
            key: Some(format!("{user}:{day}")),
            run_at: None,
        };
        app.jobs()
            .enqueue(&MailDigest { user_id: *user, day }, options)
            .await?;
    }
    Ok(())
}

/// The day of somebody whose morning it is.
fn morning(app: &App, account: &DeliverySettings, now: DateTime<Utc>) -> Option<NaiveDate> {
    let zone = zone_of(&account.quiet_hours, app.config().runtime.time_zone.0);
    let local = now.with_timezone(&zone);
    MORNING.contains(&local.hour()).then(|| local.date_naive())
}

/// For which day people had their latest summary.
async fn last_days(app: &App, people: &[UserId]) -> Result<HashMap<UserId, String>, DbErr> {
    let on = app.db().reader();
    let text = format!(
        "SELECT user_id, last_day FROM notification_digests WHERE user_id IN {}",
        list(on, "$1")
    );
    let found = rows(on, text, vec![users(people)]).await?;
    found
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// Mails somebody the summary of a day of theirs.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailDigest {
    user_id: UserId,
    /// `YYYY-MM-DD`
    day: String,
}

impl Job for MailDigest {
    const NAME: &'static str = "notifications.mail_digest";
    const MAX_ATTEMPTS: u32 = 12;
    const TIMEOUT: Duration = Duration::from_mins(2);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let Self { user_id, day } = self;
        let had = last_days(&app, &[user_id]).await?;
        if had.get(&user_id).is_some_and(|last| *last >= day) {
            return Ok(());
        }
        let settings = identity::delivery_settings(app.db().reader(), &[user_id]).await?;
        let account = settings
            .get(&user_id)
            .filter(|account| may_be_mailed(&app, account));
        let Some(account) = account else {
            return Ok(());
        };
        let outcome = send(&app, user_id, account).await?;
        note(&app, user_id, &day).await?;
        count("digest", "email", outcome);
        Ok(())
    }
}

/// Sends what there is to say, if there is something.
async fn send(app: &App, user: UserId, account: &DeliverySettings) -> anyhow::Result<&'static str> {
    let counts = unseen(app, user, account.digest_enabled).await?;
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return Ok("empty");
    }
    let mails = if account.digest_enabled {
        Mails::Digest
    } else {
        Mails::All
    };
    let Some(unsubscribe) = unsubscribing::link(app, user, mails)? else {
        tracing::warn!("daily summaries need PUBLIC_BASE_URL, for the link that ends them");
        return Ok("dropped");
    };
    let lines: Vec<String> = counts
        .iter()
        .map(|(kind, count)| words::counted(*kind, *count))
        .collect();
    let to = Addressee {
        to: &account.email,
        handle: &account.handle,
        unsubscribe: &unsubscribe,
    };
    match app.mail().send(mails::digest(&to, total, &lines)).await {
        Ok(()) => Ok("sent"),
        Err(MailError::InvalidRecipient | MailError::NotConfigured) => Ok("failed"),
        Err(error) => Err(error.into()),
    }
}

/// How many unread notifications there are of each kind: all of the last day, or those whose mails had to wait.
async fn unseen(app: &App, user: UserId, all: bool) -> Result<Vec<(Option<Kind>, i64)>, DbErr> {
    let among = if all {
        "(mail_held OR created_at >= $2) AND (mail_held OR state = 'shown')"
    } else {
        "mail_held AND created_at >= $2"
    };
    // What had to wait a week is news no longer.
    let since = app.clock().now() - if all { SINCE } else { SINCE * 7 };
    let text = format!(
        "SELECT type, count(*) FROM notifications WHERE user_id = $1 AND NOT is_read AND state <> 'withdrawn' AND {among} \
         GROUP BY type ORDER BY type"
    );
    let found = rows(app.db().reader(), text, vec![user.0.into(), since.into()]).await?;
    let mut counts: Vec<(Option<Kind>, i64)> = Vec::new();
    for row in &found {
        let (kind, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let kind = kind.parse().ok();
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, total)) => *total += count,
            None => counts.push((kind, count)),
        }
    }
    Ok(counts)
}

/// Notes that somebody had the summary of a day, and that nothing waits for it any more.
async fn note(app: &App, user: UserId, day: &str) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            if identity::existing(&tx, &[user]).await?.is_empty() {
                return Ok(());
            }
            let text = "INSERT INTO notification_digests (user_id, last_day) VALUES ($1, $2) \
                        ON CONFLICT (user_id) DO UPDATE SET last_day = excluded.last_day";
            let values: Vec<Value> = vec![user.0.into(), day.into()];
            execute(&tx, text, values).await?;
            let text =
                "UPDATE notifications SET mail_held = FALSE, mailed_at = $2 WHERE user_id = $1 AND mail_held";
            execute(&tx, text, vec![user.0.into(), tx.now().into()]).await?;
            Ok(())
        })
        .await
}
