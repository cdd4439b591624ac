//! How the indexes follow what happens. Events name who or what changed; the index takes what the database says then, so that
//! neither the order of events nor their repetition matters. The database's own index is written by the subscriber itself,
//! OpenSearch by a job, as it may take its time or be away.

use std::sync::Arc;

use futures::FutureExt as _;
use identity::{UserChanged, UserDeleted, UserRegistered};
use platform::{
    App,
    id::UserId,
    jobs::{Enqueue, Job},
    outbox::{DomainEvent, Event, Handler, Subscription},
};
use serde::{Deserialize, Serialize};
use social::{PostChanged, PostCreated, PostDeleted};

use crate::engine::{self, Engine as _, OpenSearchEngine, What};

/// The events after which a search must find something else. What is deleted vanishes from the database's index by itself.
pub fn events(what: What) -> &'static [&'static str] {
    match what {
        What::Users => &[UserRegistered::NAME, UserChanged::NAME],
        What::Posts => &[PostCreated::NAME, PostChanged::NAME],
    }
}

pub fn subscriptions() -> Vec<Subscription> {
    fn to<E: DomainEvent>(handle: Handler) -> Subscription {
        Subscription {
            event: E::NAME,
            subscriber: "search",
            handle,
        }
    }
    vec![
        to::<UserRegistered>(|app, event| after_registration(app, event).boxed()),
        to::<UserChanged>(|app, event| after_change_of_user(app, event).boxed()),
        to::<UserDeleted>(|app, event| after_deletion_of_user(app, event).boxed()),
        to::<PostCreated>(|app, event| after_post(app, event).boxed()),
        to::<PostChanged>(|app, event| after_change_of_post(app, event).boxed()),
        to::<PostDeleted>(|app, event| after_deletion_of_post(app, event).boxed()),
    ]
}

async fn after_registration(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<UserRegistered>()?.user_id.0;
    refresh(&app, &event, What::Users, id).await
}

async fn after_change_of_user(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<UserChanged>()?.user_id.0;
    refresh(&app, &event, What::Users, id).await
}

async fn after_post(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<PostCreated>()?.post_id;
    refresh(&app, &event, What::Posts, id).await
}

async fn after_change_of_post(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<PostChanged>()?.post_id;
    refresh(&app, &event, What::Posts, id).await
}

async fn after_deletion_of_post(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<PostDeleted>()?.post_id;
    follow_up(
        &app,
        &event,
        &RefreshDocument {
            what: What::Posts,
            id,
        },
    )
    .await
}

async fn after_deletion_of_user(app: App, event: Event) -> anyhow::Result<()> {
    let UserDeleted { user_id } = event.read()?;
    follow_up(&app, &event, &ForgetAccount { user_id }).await
}

async fn refresh(app: &App, event: &Event, what: What, id: i64) -> anyhow::Result<()> {
    engine::of_database(app).refresh(app, what, &[id]).await?;
    follow_up(app, event, &RefreshDocument { what, id }).await
}

/// Has OpenSearch follow, if there is one; once per event, however often it is delivered.
async fn follow_up<J: Job>(app: &App, event: &Event, job: &J) -> anyhow::Result<()> {
    if opensearch(app).is_none() {
        return Ok(());
    }
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(job, options).await
}

/// Has OpenSearch take these anew, if there is one.
pub async fn follow_later(app: &App, what: What, ids: &[i64]) -> anyhow::Result<()> {
    if opensearch(app).is_none() {
        return Ok(());
    }
    for id in ids {
        let job = RefreshDocument { what, id: *id };
        app.jobs().enqueue(&job, Enqueue::default()).await?;
    }
    Ok(())
}

/// OpenSearch, if the operator has one.
pub fn opensearch(app: &App) -> Option<Arc<OpenSearchEngine>> {
    app.settings::<OpenSearchEngine>()
        .filter(|engine| engine.is_enabled())
}

/// Brings a document of OpenSearch up to date.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefreshDocument {
    what: What,
    id: i64,
}

impl Job for RefreshDocument {
    const NAME: &'static str = "search.refresh_document";
    /// For almost a day: OpenSearch may be away for long.
    const MAX_ATTEMPTS: u32 = 100;

    async fn run(self, app: App) -> anyhow::Result<()> {
        match opensearch(&app) {
            Some(engine) => Ok(engine.refresh(&app, self.what, &[self.id]).await?),
            None => Ok(()),
        }
    }
}

/// Removes an account and its posts from OpenSearch.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetAccount {
    user_id: UserId,
}

impl Job for ForgetAccount {
    const NAME: &'static str = "search.forget_account";
    const MAX_ATTEMPTS: u32 = 100;

    async fn run(self, app: App) -> anyhow::Result<()> {
        match opensearch(&app) {
            Some(engine) => Ok(engine.forget(&app, self.user_id).await?),
            None => Ok(()),
        }
    }
}
