//! A domain that writes down which events reached it.

use futures::FutureExt as _;
use identity::{UserChanged, UserDeleted, UserRegistered};
use platform::{
    App, Domain,
    outbox::{DomainEvent, Event, Subscription},
    process::Instance,
};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// The program as it is shipped, and the probe.
pub fn instance() -> Instance {
    let mut instance = selflink::instance();
    instance.domains.push(Domain {
        name: "probe",
        settings: Vec::new(),
        routes: Vec::new,
        migrations: || vec![Box::new(Deliveries)],
        jobs: Vec::new(),
        schedules: Vec::new(),
        subscriptions: [UserRegistered::NAME, UserChanged::NAME, UserDeleted::NAME]
            .map(|event| Subscription {
                event,
                subscriber: "probe",
                handle: |app, event| note(app, event).boxed(),
            })
            .into(),
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: None,
    });
    instance
}

struct Deliveries;

impl MigrationName for Deliveries {
    fn name(&self) -> &'static str {
        "m20990101_000001_probe_deliveries"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Deliveries {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        platform::db::create(
            manager,
            "CREATE TABLE probe_deliveries (
                event_id BIGINT PRIMARY KEY,
                name TEXT NOT NULL,
                user_id BIGINT NOT NULL
            );",
        )
        .await
    }
}

async fn note(app: App, event: Event) -> anyhow::Result<()> {
    // All of them have this form.
    let user_id = event.read::<UserChanged>()?.user_id;
    let (app, event) = (&app, &event);
    app.db()
        .write(|tx| async move {
            let text = "INSERT INTO probe_deliveries (event_id, name, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let values = [event.id.into(), event.name.as_str().into(), user_id.0.into()];
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                values,
            ))
            .await
        })
        .await?;
    Ok::<_, anyhow::Error>(())
}
