//! The program's commands and roles, run as operators run them.

mod administrator;
mod apply;
mod configuration;
mod data;
mod jobs;
mod schema;
mod storage;

use platform::testing::{TestApp, TestDatabase};

use crate::cli::run;

/// A database with the schema of the program.
async fn migrated() -> TestDatabase {
    let database = TestDatabase::create().await;
    run(&database, &["migrate"]).await.succeeded();
    database
}

/// The program in this process on a database that commands have changed.
async fn look_at(database: &TestDatabase) -> TestApp {
    TestApp::on(database.clone(), selflink::instance(), &[]).await
}
