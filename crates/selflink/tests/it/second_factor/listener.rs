//! The program with a domain that hears of second factors and has an endpoint for staff.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{LazyLock, Mutex},
};

use futures::FutureExt as _;
use identity::SecondFactorChanged;
use platform::{
    App, Domain,
    domain::Routes,
    http::{Access, Staff},
    outbox::{DomainEvent as _, Event, Subscription},
    process::Instance,
    testing::TestApp,
};
use utoipa_axum::router::OpenApiRouter;

use crate::support::{TestUser, eventually};

/// What an instance (by its folder) has told of an account: events and changes, in the order in which they came. (Their ids
/// are in the order of the clocks of several processes, which the tests move.)
type Told = HashMap<(PathBuf, i64), Vec<(i64, String)>>;

static TOLD: LazyLock<Mutex<Told>> = LazyLock::new(Mutex::default);

/// Where staff may go.
pub const STAFF_ONLY: &str = "test/staff/";

fn hear(app: &App, event: &Event) -> anyhow::Result<()> {
    let content: SecondFactorChanged = event.read()?;
    let change = serde_json::to_value(content.change)?;
    let key = (app.config().runtime.data_dir.clone(), content.user_id.0);
    let mut told = TOLD.lock().expect("is not poisoned");
    let of_account = told.entry(key).or_default();
    if of_account.iter().all(|(known, _)| *known != event.id) {
        of_account.push((event.id, change.as_str().unwrap_or_default().to_owned()));
    }
    Ok(())
}

/// Waits until exactly this was told of the account's second factor.
pub async fn told(app: &TestApp, user: &TestUser, expected: &[&str]) {
    let key = (app.app.config().runtime.data_dir.clone(), user.id);
    eventually(&format!("{expected:?}"), async || {
        let told = TOLD.lock().expect("is not poisoned");
        let changes: Vec<&String> = told.get(&key)?.iter().map(|(_, change)| change).collect();
        (changes == expected).then_some(())
    })
    .await;
}

async fn staff_only(Staff(_): Staff) -> &'static str {
    "{}"
}

fn instance() -> Instance {
    let mut domains = selflink::domains();
    domains.push(Domain {
        name: "test",
        settings: Vec::new(),
        routes: || {
            let path = format!("/api/v1/{STAFF_ONLY}");
            let router = OpenApiRouter::new().route(&path, axum::routing::get(staff_only));
            vec![Routes::api(Access::Staff, router)]
        },
        migrations: Vec::new,
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: vec![Subscription {
            event: SecondFactorChanged::NAME,
            subscriber: "test",
            handle: |app, event| async move { hear(&app, &event) }.boxed(),
        }],
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    });
    Instance {
        domains,
        find_standing: identity::find_standing,
    }
}

/// Starts it with further settings.
pub async fn start(settings: &[(&str, &str)]) -> TestApp {
    TestApp::with(instance(), settings).await
}
