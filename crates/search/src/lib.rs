//! Search of people and posts.
//!
//! The database is always searched through indexes of its own, see [`engine`]; OpenSearch goes before it where an operator
//! has one. An answer is made of ids that an engine finds and of what identity and social show of them: an engine that is
//! out of date, or wrong, can leave something out, but show nothing that the viewer may not see.

mod commands;
mod documents;
mod engine;
mod fold;
mod index;
mod migrations;
mod query;
mod rebuild;
mod routes;
mod search;
mod settings;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection},
    jobs::JobKind,
    schedule::Schedule,
};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "search",
        settings: vec![SettingsSection::of::<engine::OpenSearchEngine>()],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<index::RefreshDocument>(),
            JobKind::of::<index::ForgetAccount>(),
            JobKind::of::<rebuild::FillIndex>(),
            JobKind::of::<rebuild::MendIndex>(),
        ],
        schedules: vec![Schedule::of(
            "search.mend_index",
            "0 53 3 * * *",
            &rebuild::MendIndex {},
        )],
        subscriptions: index::subscriptions(),
        commands: commands::all(),
        steps: Vec::new(),
        // The rows of the index are copies of what identity and social hold; they go with the account and its posts.
        personal_data: Some(PersonalData {
            export: |_, _| async { Ok(serde_json::json!({})) }.boxed(),
            remove_files: |_, _| async { Ok(()) }.boxed(),
            erase: |_, _| async { Ok(()) }.boxed(),
        }),
    }
}
