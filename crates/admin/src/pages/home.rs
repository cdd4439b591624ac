//! The start of the administration.

use axum::{extract::State, response::Response};
use maud::html;
use platform::App;

use crate::{
    gate::Staff,
    page::{self, Problem},
};

/// What waits, and how the instance is.
pub async fn page(State(app): State<App>, staff: Staff) -> Result<Response, Problem> {
    let (reports, appeals) = moderation::queue::counts(app.db().reader()).await?;
    let jobs = app.jobs().counts().await?;
    let content = html! {
        table {
            tr { th { "Reports that wait" } td { a href="/admin/moderation/" { (reports) } } }
            tr { th { "Appeals that wait" } td { a href="/admin/moderation/appeals/?status=open" { (appeals) } } }
            tr { th { "Jobs that wait" } td { (jobs.pending) } }
            tr { th { "Jobs that run" } td { (jobs.running) } }
            tr { th { "Jobs that were given up" } td { a href="/admin/jobs/" { (jobs.dead) } } }
        }
    };
    Ok(page::page(&staff, "Administration", &content))
}
