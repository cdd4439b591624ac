//! Appeals.

use axum::{extract::State, response::Response};
use maud::html;
use moderation::{
    AppealStatus,
    appeals::{self, ID, SORTABLE, sort_value},
};
use platform::{
    App,
    http::{Paging, Parameters, choice, integer, text},
    id::UserId,
};

use super::{queue::shown, reports::options};
use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, hidden, links, moment},
};

const PATH: &str = "/admin/moderation/appeals/";
const STATUSES: [(&str, &str); 3] = [
    ("open", "Open"),
    ("upheld", "The decision stays"),
    ("lifted", "The decision was lifted"),
];
const DECISIONS: [(&str, &str); 2] = [("uphold", "The decision stays"), ("lift", "Lift the decision")];

/// All of them, newest first, with a form to decide those that wait.
pub async fn list(
    State(app): State<App>,
    staff: Staff,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, Problem> {
    let status = parameters.get("status");
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = appeals::page_of(app.db().reader(), appeals::filter(status), &page).await?;
    let found = page.answer(found, sort_value);
    let people: Vec<UserId> = found.results.iter().map(|appeal| appeal.user_id).collect();
    let handles = identity::handles(app.db().reader(), &people).await?;
    let content = html! {
        form method="get" action=(PATH) {
            select name="status" { option value="" { "Any status" } (options(&STATUSES, status.unwrap_or(""))) } " "
            button { "Search" }
        }
        table {
            tr { th { "When" } th { "By" } th { "Against decision" } th { "What they say" } th { "Outcome" } }
            @for appeal in &found.results {
                @let outcome: &str = appeal.status.into();
                tr {
                    td { (moment(appeal.created_at)) }
                    td { (shown(&handles, appeal.user_id)) }
                    td { (appeal.enforcement_id) }
                    td { pre { (appeal.text) } }
                    td {
                        @if appeal.status == AppealStatus::Open {
                            form method="post" action=(PATH) {
                                (hidden(&staff))
                                input type="hidden" name="id" value=(appeal.id);
                                select name="decision" { (options(&DECISIONS, "uphold")) } " "
                                input name="note" maxlength="4000" placeholder="What the person is told"; " "
                                button { "Decide" }
                            }
                        } @else { (outcome) @if !appeal.note.is_empty() { ": " (appeal.note) } }
                    }
                }
            }
        }
        (links(&found))
    };
    Ok(page::page(&staff, "Appeals", &content))
}

/// Decides one of them.
pub async fn decide(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let id = fields.read("id", integer())?;
    let decision = fields.read("decision", choice())?;
    let note = fields.read("note", text().max(4000).or_blank())?;
    appeals::decide(&app, &staff.moderator(), id, decision, &note).await?;
    Ok(see(PATH))
}
