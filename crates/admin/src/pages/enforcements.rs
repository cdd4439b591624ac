//! Decisions.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use moderation::{
    Enforcement,
    enforcements::{self, ID, NewEnforcement, SORTABLE, Verdict, sort_value},
};
use platform::{
    App,
    http::{Paging, choice, integer},
};
use sea_orm::Condition;

use super::reports::{options, read_verdict, verdict};
use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, button, hidden, links, moment, moment_if_any},
};

const PATH: &str = "/admin/moderation/enforcements/";
/// What can be acted on.
const TARGETS: [(&str, &str); 3] = [("user", "User"), ("post", "Post"), ("comment", "Comment")];

/// All of them, newest first, and a form for one that nobody has asked for.
pub async fn list(State(app): State<App>, staff: Staff, paging: Paging) -> Result<Response, Problem> {
    let page = paging.order(&SORTABLE, "-created_at", ID)?;
    let found = enforcements::page_of(app.db().reader(), Condition::all(), &page).await?;
    let found = page.answer(found, sort_value);
    let content = html! {
        (table(&staff, &found.results, app.clock().now()))
        (links(&found))
        h2 { "Decide" }
        form.block method="post" action=(PATH) {
            (hidden(&staff))
            label { "Target" select name="target_type" { (options(&TARGETS, "user")) } }
            label { "Its id" input name="target_id" inputmode="numeric" required; }
            (verdict())
            button { "Decide" }
        }
    };
    Ok(page::page(&staff, "Decisions", &content))
}

/// Decisions, with a button to lift those that are in force.
pub fn table(staff: &Staff, list: &[Enforcement], now: DateTime<Utc>) -> Markup {
    html! {
        table {
            tr { th { "When" } th { "What" } th { "Against" } th { "Reason" } th { "Until" } th { "Lifted" } th {} }
            @for enforced in list {
                @let action: &str = enforced.action.into();
                tr {
                    td { (moment(enforced.created_at)) }
                    td { (action) }
                    td { (enforced.target_type.name()) " " (enforced.target_id) }
                    td { (enforced.reason) }
                    td { (moment_if_any(enforced.expires_at)) }
                    td { (moment_if_any(enforced.lifted_at)) }
                    td {
                        @if enforced.is_in_force(now) {
                            (button(staff, "/admin/moderation/enforcements/lift/", &[("id", &enforced.id.to_string())], "Lift"))
                        }
                    }
                }
            }
        }
    }
}

/// Decides about an account, a post or a comment.
pub async fn enforce(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let Verdict {
        action,
        reason,
        expires_at,
    } = read_verdict(fields)?;
    let new = NewEnforcement {
        target_type: fields.read("target_type", choice())?,
        target_id: fields.read("target_id", integer())?,
        action,
        reason,
        expires_at,
    };
    enforcements::enforce(&app, &staff.moderator(), &new).await?;
    Ok(see(PATH))
}

/// Lifts a decision.
pub async fn lift(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let id = fields.read("id", integer())?;
    enforcements::lift(&app, &staff.moderator(), id).await?;
    Ok(see(PATH))
}
