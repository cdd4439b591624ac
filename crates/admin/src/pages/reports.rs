//! Reports, and what is decided about them.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use moderation::{
    Report,
    context::{self, Context},
    enforcements::{self, Verdict},
    reports::{self, Handling, ID, SORTABLE, sort_value},
};
use platform::{
    App,
    http::{Paging, Parameters, PathId, choice, text, timestamp},
    id::UserId,
};

use super::{enforcements::table, queue::shown};
use crate::{
    form::{Fields, Form},
    gate::{Staff, see},
    page::{self, Problem, hidden, links, moment},
};

const PATH: &str = "/admin/moderation/reports/";
const STATUSES: [(&str, &str); 4] = [
    ("open", "Open"),
    ("in_review", "In review"),
    ("resolved", "Resolved"),
    ("dismissed", "Dismissed"),
];
const TARGETS: [(&str, &str); 4] = [
    ("user", "User"),
    ("post", "Post"),
    ("comment", "Comment"),
    ("message", "Message"),
];
/// What may be decided, with what it does.
pub const ACTIONS: [(&str, &str); 5] = [
    ("warn", "Warn"),
    ("remove", "Remove the post or comment"),
    ("restrict", "Restrict the account: read only"),
    ("suspend", "Suspend the account"),
    ("ban", "Ban the account"),
];

/// Choices of a form.
pub fn options(choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        @for (value, label) in choices { option value=(value) selected[*value == chosen] { (label) } }
    }
}

/// All of them, newest first.
pub async fn list(
    State(app): State<App>,
    staff: Staff,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, Problem> {
    let (status, target) = (parameters.get("status"), parameters.get("target_type"));
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = reports::page_of(app.db().reader(), reports::filter(status, target), &page).await?;
    let found = page.answer(found, sort_value);
    let handles = handles_of(&app, &found.results).await?;
    let content = html! {
        form method="get" action=(PATH) {
            select name="status" { option value="" { "Any status" } (options(&STATUSES, status.unwrap_or(""))) } " "
            select name="target_type" { option value="" { "Any target" } (options(&TARGETS, target.unwrap_or(""))) } " "
            button { "Search" }
        }
        (lines(&found.results, &handles))
        (links(&found))
    };
    Ok(page::page(&staff, "Reports", &content))
}

async fn handles_of(app: &App, reports: &[Report]) -> Result<HashMap<UserId, String>, Problem> {
    let people: Vec<UserId> = reports
        .iter()
        .flat_map(|report| [Some(report.reporter_id), report.subject_id])
        .flatten()
        .collect();
    Ok(identity::handles(app.db().reader(), &people).await?)
}

fn lines(reports: &[Report], handles: &HashMap<UserId, String>) -> Markup {
    html! {
        table {
            tr { th { "When" } th { "By" } th { "Target" } th { "Whose" } th { "Reason" } th { "Status" } }
            @for report in reports {
                @let status: &str = report.status.into();
                tr {
                    td { a href={ (PATH) (report.id) "/" } { (moment(report.created_at)) } }
                    td { (shown(handles, report.reporter_id)) @if report.is_automatic { " (automatic)" } }
                    td { (report.target_type.name()) " " (report.target_id) }
                    td { @if let Some(subject) = report.subject_id { (shown(handles, subject)) } }
                    td { (report.reason) }
                    td { (status) }
                }
            }
        }
    }
}

/// One of them with its context.
pub async fn detail(State(app): State<App>, staff: Staff, id: PathId) -> Result<Response, Problem> {
    let context = context::of_report(&app, id.of("Report")?).await?;
    let Context {
        report,
        content,
        same_target,
        enforcements,
        ..
    } = &context;
    let mut handles = handles_of(&app, same_target).await?;
    handles.extend(handles_of(&app, std::slice::from_ref(report)).await?);
    let status: &str = report.status.into();
    let page = html! {
        p {
            (report.target_type.name()) " " (report.target_id)
            @if let Some(subject) = context.subject { " of " (shown(&handles, subject)) }
            ", reported by " (shown(&handles, report.reporter_id)) " on " (moment(report.created_at)) ": "
            (report.reason)
        }
        @if !report.snapshot.is_empty() { h2 { "As it was reported" } pre { (report.snapshot) } }
        @if let Some(content) = content {
            h2 { "As it is now" @if content.is_removed { " (removed)" } }
            pre { (content.text) }
        }
        form.block method="post" action={ (PATH) (report.id) "/" } {
            (hidden(&staff))
            label { "Status" select name="status" { (options(&STATUSES, status)) } }
            label { "Notes, which the reporter sees" textarea name="notes" maxlength="4000" { (report.notes) } }
            button { "Save" }
        }
        form.block method="post" action={ (PATH) (report.id) "/enforce/" } {
            (hidden(&staff))
            (verdict())
            button { "Decide" }
        }
        h2 { "About the same target" }
        (lines(same_target, &handles))
        h2 { "Decided about the same account" }
        (table(&staff, enforcements, app.clock().now()))
    };
    Ok(page::page(&staff, "Report", &page))
}

/// The fields of a decision.
pub fn verdict() -> Markup {
    html! {
        label { "Decision" select name="action" { (options(&ACTIONS, "warn")) } }
        label { "Reason, which the person is told" input name="reason" maxlength="255" required; }
        label {
            "End of a suspension or restriction in UTC, such as 2030-12-31T12:00; blank: until it is lifted"
            input name="expires_at";
        }
    }
}

/// What was decided.
pub fn read_verdict(fields: &Fields) -> Result<Verdict, Problem> {
    Ok(Verdict {
        action: fields.read("action", choice())?,
        reason: fields.read("reason", text().max(255))?,
        expires_at: fields.read_if_given("expires_at", timestamp())?,
    })
}

/// Changes status and notes.
pub async fn handle(State(app): State<App>, id: PathId, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let id = id.of("Report")?;
    let change = Handling {
        status: Some(fields.read("status", choice())?),
        notes: Some(fields.read("notes", text().max(4000).or_blank())?),
    };
    reports::handle(&app, &staff.moderator(), id, &change).await?;
    Ok(see(&format!("{PATH}{id}/")))
}

/// Decides about the target.
pub async fn enforce(State(app): State<App>, id: PathId, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let id = id.of("Report")?;
    let verdict = read_verdict(fields)?;
    enforcements::enforce_report(&app, &staff.moderator(), id, &verdict).await?;
    Ok(see(&format!("{PATH}{id}/")))
}
