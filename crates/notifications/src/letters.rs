//! Mails about single notifications.

use std::time::Duration;

use anyhow::Context as _;
use chrono_tz::Tz;
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
    mails::{self, Addressee},
    outcomes::count,
    quiet_hours::QuietHours,
    settings::NotificationSettings,
    statements::{execute, rows},
    unsubscribing::{self, Mails},
    words,
};

/// Mails a notification to its owner.
#[derive(Debug, Serialize, Deserialize)]
pub struct MailNotification {
    notification_id: i64,
}

/// Has a notification mailed, once.
pub async fn enqueue(app: &App, notification_id: i64) -> anyhow::Result<()> {
    let options = Enqueue {
        key: Some(notification_id.to_string()),
        run_at: None,
    };
    app.jobs()
        .enqueue(&MailNotification { notification_id }, options)
        .await
}

/// What the mail is made from.
struct Subject {
    id: i64,
    owner: UserId,
    kind: Kind,
    actor: Option<UserId>,
}

impl Job for MailNotification {
    const NAME: &'static str = "notifications.mail";
    /// Over an hour and a half: mail servers are away longer than others.
    const MAX_ATTEMPTS: u32 = 16;
    const TIMEOUT: Duration = Duration::from_mins(2);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let Some(subject) = find(&app, self.notification_id).await? else {
            return Ok(());
        };
        let kind = subject.kind.name();
        let people: Vec<UserId> = subject.actor.into_iter().chain([subject.owner]).collect();
        let settings = identity::delivery_settings(app.db().reader(), &people).await?;
        let owner = settings
            .get(&subject.owner)
            .filter(|owner| may_be_mailed(&app, owner));
        let Some(owner) = owner else {
            count(kind, "email", "dropped");
            return Ok(());
        };
        if is_apart(&app, &subject).await? {
            count(kind, "email", "dropped");
            return Ok(());
        }
        if must_wait(&app, &subject, owner).await? {
            let held = "UPDATE notifications SET mail_held = TRUE WHERE id = $1 AND state <> 'withdrawn'";
            change(&app, held, vec![subject.id.into()]).await?;
            count(kind, "email", "held");
            return Ok(());
        }
        let Some(unsubscribe) = unsubscribing::link(&app, subject.owner, Mails::Of(subject.kind))? else {
            tracing::warn!("mails about notifications need PUBLIC_BASE_URL, for the link that ends them");
            count(kind, "email", "dropped");
            return Ok(());
        };
        let actor = subject.actor.and_then(|actor| settings.get(&actor));
        let what = words::of_mail(subject.kind, actor.map(|actor| actor.handle.as_str()));
        let to = Addressee {
            to: &owner.email,
            handle: &owner.handle,
            unsubscribe: &unsubscribe,
        };
        let outcome = match app.mail().send(mails::single(&to, &what)).await {
            Ok(()) => "sent",
            // Never will be: another attempt would end the same way.
            Err(MailError::InvalidRecipient | MailError::NotConfigured) => "failed",
            Err(error) => return Err(error.into()),
        };
        let mailed = "UPDATE notifications SET mailed_at = $2 WHERE id = $1";
        change(&app, mailed, vec![subject.id.into(), app.clock().now().into()]).await?;
        count(kind, "email", outcome);
        Ok(())
    }
}

/// `None` when there is nothing to mail any more.
async fn find(app: &App, id: i64) -> Result<Option<Subject>, DbErr> {
    let text = "SELECT user_id, type, actor_id FROM notifications \
                WHERE id = $1 AND state <> 'withdrawn' AND NOT is_read AND NOT mail_held AND mailed_at IS NULL";
    let found = rows(app.db().reader(), text, vec![id.into()]).await?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let kind: String = row.try_get_by_index(1)?;
    let Ok(kind) = kind.parse() else {
        return Ok(None);
    };
    Ok(Some(Subject {
        id,
        owner: row.try_get_by_index(0)?,
        kind,
        actor: row.try_get_by_index(2)?,
    }))
}

/// Whether mails about what happens are wanted, and the address is known to be theirs where the instance asks for that.
pub fn may_be_mailed(app: &App, account: &DeliverySettings) -> bool {
    let is_theirs = account.is_email_verified || !identity::requires_verification(app);
    account.is_active && account.email_enabled && is_theirs
}

/// Whether the actor was muted or blocked since.
async fn is_apart(app: &App, subject: &Subject) -> Result<bool, DbErr> {
    let Some(actor) = subject.actor else {
        return Ok(false);
    };
    let reached = identity::reached_by(app.db().reader(), actor, &[subject.owner]).await?;
    Ok(reached.get(&subject.owner) != Some(&false))
}

/// Whether it is left to the daily summary: in quiet hours, and when there were many mails already.
async fn must_wait(app: &App, subject: &Subject, owner: &DeliverySettings) -> anyhow::Result<bool> {
    let settings = app
        .settings::<NotificationSettings>()
        .context("the settings of notifications are not in the list of the domain")?;
    let now = app.clock().now();
    if is_quiet(owner, now, app.config().runtime.time_zone.0) {
        return Ok(true);
    }
    let text = "SELECT count(*) FROM notifications WHERE user_id = $1 AND mailed_at > $2";
    let since = now - chrono::Duration::hours(1);
    let found = rows(
        app.db().reader(),
        text,
        vec![subject.owner.0.into(), since.into()],
    )
    .await?;
    let mailed: i64 = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(mailed >= i64::from(settings.mails_per_hour))
}

fn is_quiet(account: &DeliverySettings, now: chrono::DateTime<chrono::Utc>, server: Tz) -> bool {
    let quiet = QuietHours::read(&account.quiet_hours, server);
    quiet.is_some_and(|quiet| quiet.contain(now))
}

async fn change(app: &App, text: &str, values: Vec<Value>) -> Result<(), DbErr> {
    let values = &values;
    app.db()
        .write(|tx| async move { execute(&tx, text, values.clone()).await.map(drop) })
        .await
}
