//! Notifications: what people are told of, and by which way.

mod causes;
mod commands;
mod counters;
mod digests;
mod dispatch;
mod events;
mod inbox;
mod kinds;
mod letters;
mod mails;
mod migrations;
mod notes;
mod outcomes;
mod personal_data;
mod preferences;
mod push;
mod quiet_hours;
mod retention;
mod routes;
mod settings;
mod statements;
mod unsubscribing;
mod views;
mod words;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection},
    jobs::JobKind,
    schedule::Schedule,
};

pub use events::{Notified, Told, UnreadChanged};
pub use kinds::Kind;
pub use notes::{Alert, Note, notify, withdraw, withdraw_all};
pub use words::excerpt;

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "notifications",
        settings: vec![
            SettingsSection::of::<settings::NotificationSettings>(),
            SettingsSection::of::<settings::PushService>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<push::SendPushes>(),
            JobKind::of::<push::FetchReceipts>(),
            JobKind::of::<letters::MailNotification>(),
            JobKind::of::<digests::StartDigests>(),
            JobKind::of::<digests::MailDigest>(),
            JobKind::of::<retention::PurgeNotifications>(),
        ],
        schedules: vec![
            // What has waited for the end of quiet hours, or for another attempt.
            Schedule::of("notifications.send_pushes", "5 * * * * *", &push::SendPushes {}),
            Schedule::of(
                "notifications.fetch_receipts",
                "35 */5 * * * *",
                &push::FetchReceipts {},
            ),
            Schedule::of(
                "notifications.start_digests",
                "0 0 * * * *",
                &digests::StartDigests {},
            ),
            Schedule::of(
                "notifications.purge",
                "0 23 4 * * *",
                &retention::PurgeNotifications {},
            ),
        ],
        subscriptions: causes::subscriptions()
            .into_iter()
            .chain(dispatch::subscriptions())
            .collect(),
        personal_data: Some(PersonalData {
            export: |app, user| {
                async move { Ok(personal_data::collect(app.db().reader(), user).await?) }.boxed()
            },
            remove_files: |_, _| async { Ok(()) }.boxed(),
            erase: |tx, user| personal_data::erase(tx, user).boxed(),
        }),
        commands: commands::all(),
        steps: Vec::new(),
    }
}
