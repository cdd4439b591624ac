//! Jobs that were given up.

use axum::{extract::State, response::Response};
use maud::html;
use platform::{App, http::ApiError};

use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, button, moment},
};

const PATH: &str = "/admin/jobs/";
/// Most that are shown.
const MOST: u32 = 100;

/// The latest of them.
pub async fn list(State(app): State<App>, staff: Staff) -> Result<Response, Problem> {
    let dead = app.jobs().dead(MOST).await?;
    let content = html! {
        @if dead.is_empty() { p { "None." } }
        table {
            tr { th { "When" } th { "Job" } th { "Attempts" } th { "What went wrong" } th {} }
            @for job in &dead {
                tr {
                    td { (moment(job.died_at)) }
                    td { (job.name) br; span.quiet { (job.id) } }
                    td { (job.attempts) }
                    td { pre { (job.error) } }
                    td { (button(&staff, PATH, &[("id", &job.id)], "Repeat")) }
                }
            }
        }
    };
    Ok(page::page(&staff, "Jobs that were given up", &content))
}

/// Gives one of them a new set of attempts.
pub async fn repeat(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let id = fields.text("id").replace('\0', "");
    if !app.jobs().retry_dead(&id).await? {
        return Err(ApiError::bad_request("There is no such job any more.").into());
    }
    let trace = &staff.trace("admin.job_repeated").on("job", &id);
    app.db().write(|tx| async move { tx.append(trace).await }).await?;
    Ok(see(PATH))
}
