//! What waits for moderators.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use maud::html;
use moderation::{
    Moderator, Target,
    queue::{self, FIRST, sort_value},
};
use platform::{
    App,
    http::{Paging, choice, integer},
    id::UserId,
};

use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, button, links, moment},
};

const PATH: &str = "/admin/moderation/";

impl Staff {
    /// Them as moderators: all staff are.
    pub fn moderator(&self) -> Moderator {
        Moderator {
            id: Some(self.viewer.id),
            is_superuser: self.viewer.is_superuser,
            address: Some(self.origin.address),
        }
    }
}

/// How somebody is shown: by handle, else by id.
pub fn shown(handles: &HashMap<UserId, String>, user: UserId) -> String {
    handles
        .get(&user)
        .map_or_else(|| user.to_string(), |handle| format!("@{handle}"))
}

/// The targets that wait, the oldest first.
pub async fn list(State(app): State<App>, staff: Staff, paging: Paging) -> Result<Response, Problem> {
    let page = paging.order(&[FIRST], "id", FIRST)?;
    let found = queue::page_of(app.db().reader(), None, &page).await?;
    let waiting = page.answer(found, sort_value);
    let holders: Vec<UserId> = waiting
        .results
        .iter()
        .filter_map(|item| item.assigned_to)
        .collect();
    let handles = identity::handles(app.db().reader(), &holders).await?;
    let content = html! {
        @if waiting.results.is_empty() { p { "Nothing waits." } }
        table {
            tr { th { "Target" } th { "Reports" } th { "Automatic" } th { "Since" } th { "Latest" } th { "Who works on it" } }
            @for item in &waiting.results {
                @let target = item.target_type.name();
                @let id = item.target_id.to_string();
                tr {
                    td { a href={ "/admin/moderation/reports/" (item.first_id) "/" } { (target) " " (id) } }
                    td { (item.reports) }
                    td { (item.automatic) }
                    td { (moment(item.oldest_at)) }
                    td { (moment(item.newest_at)) }
                    td {
                        @match item.assigned_to {
                            Some(user) => {
                                (shown(&handles, user)) " "
                                @if user == staff.viewer.id {
                                    (button(&staff, PATH, &[("target_type", target), ("target_id", &id), ("release", "on")], "Give back"))
                                }
                            }
                            None => (button(&staff, PATH, &[("target_type", target), ("target_id", &id)], "Take"))
                        }
                    }
                }
            }
        }
        (links(&waiting))
    };
    Ok(page::page(&staff, "Queue", &content))
}

/// Takes a target, or gives it back.
pub async fn assign(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    let target_type: Target = fields.read("target_type", choice())?;
    let target = (target_type, fields.read("target_id", integer())?);
    if fields.is_ticked("release") {
        queue::release(&app, &staff.moderator(), target).await?;
    } else {
        queue::assign(&app, &staff.moderator(), target, staff.viewer.id).await?;
    }
    Ok(see(PATH))
}
