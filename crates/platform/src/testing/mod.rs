//! The harness of integration tests: a real instance on a database of its own, spoken to over HTTP.
//!
//! `TEST_DATABASE` chooses the engines: `sqlite` (default) or `postgres`, the latter with the server of
//! `TEST_DATABASE_URL` and the Redis of `TEST_REDIS_URL`. What a test leaves does not reach the next one.

mod client;
mod database;
mod postgres;
mod smtp;

use chrono::Duration;
use tokio::net::TcpListener;

pub use client::{Answer, Client};
pub use database::{TestDatabase, is_postgres};
pub use smtp::{Mood, ReceivedMail, SmtpFake};

use crate::{
    App,
    clock::Clock,
    config::Environment,
    domain::Surface,
    process::{Instance, Process, Schema},
};

/// A running instance: every surface on one port, relay, worker and scheduler in the same process.
pub struct TestApp {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    /// The handle that handlers have.
    pub app: App,
    clock: Clock,
    process: Option<Process>,
    database: TestDatabase,
}

impl TestApp {
    /// Starts an instance on a fresh database.
    pub async fn start(instance: Instance) -> Self {
        Self::with(instance, &[]).await
    }

    /// The same with further settings.
    pub async fn with(instance: Instance, settings: &[(&str, &str)]) -> Self {
        Self::on(TestDatabase::create().await, instance, settings).await
    }

    /// Starts an instance on a database that a test has made, or that another instance runs on.
    pub async fn on(database: TestDatabase, instance: Instance, settings: &[(&str, &str)]) -> Self {
        crate::telemetry::start_metrics().expect("metrics start");
        let mut environment = environment(&database);
        for (name, value) in settings {
            environment = environment.with(name, *value);
        }
        let clock = Clock::system();
        let mut process = Process::start(&environment, instance, Schema::Migrate, clock.clone())
            .await
            .expect("the instance starts");
        process.relay();
        process.work();
        process.schedule();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        let surfaces = [Surface::Api, Surface::Stream, Surface::Realtime];
        process
            .serve(listener, &surfaces, axum::Router::new())
            .expect("serves");
        Self {
            url,
            app: process.app.clone(),
            clock,
            process: Some(process),
            database,
        }
    }

    /// A client that is not signed in.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The database, for a second instance on it.
    pub fn database(&self) -> TestDatabase {
        self.database.clone()
    }

    /// Moves the time of this instance.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Ends the instance as SIGTERM would.
    pub async fn stop(mut self) {
        if let Some(process) = self.process.take() {
            process.end().await.expect("ends");
        }
    }
}

/// The settings of a test instance: cheap passwords, no throttles, databases of its own.
pub fn environment(database: &TestDatabase) -> Environment {
    database
        .settings()
        .into_iter()
        .fold(Environment::default(), |environment, (name, value)| {
            environment.with(name, value)
        })
}
