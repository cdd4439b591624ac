//! Groups and their members.

use axum::{extract::State, response::Response};
use maud::html;
use platform::{
    App,
    http::{ApiError, text},
};
use sea_orm::DbErr;
use serde_json::{Map, json};

use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, button, hidden},
};

const PATH: &str = "/admin/groups/";

/// All groups.
pub async fn list(State(app): State<App>, staff: Staff) -> Result<Response, Problem> {
    let groups = identity::groups(app.db().reader()).await?;
    let may_change = staff.viewer.is_superuser;
    let content = html! {
        @for group in &groups {
            h2 { (group.name) }
            table {
                @for (id, handle) in &group.members {
                    tr {
                        td { "@" (handle) }
                        td {
                            @if may_change {
                                (button(&staff, PATH, &[("group", &group.name), ("remove", &id.to_string())], "Remove"))
                            }
                        }
                    }
                }
            }
            @if may_change {
                form method="post" action=(PATH) {
                    (hidden(&staff))
                    input type="hidden" name="group" value=(group.name);
                    input name="handle" placeholder="Handle" required; " "
                    button { "Add" }
                }
            }
        }
        @if groups.is_empty() { p.quiet { "There are no groups yet: " code { "selflink bootstrap-admin" } " makes them." } }
    };
    Ok(page::page(&staff, "Groups", &content))
}

/// Adds a member or removes one.
pub async fn change(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    staff.require_superuser()?;
    let group = &fields.read("group", text().max(150))?;
    let known = identity::groups(app.db().reader()).await?;
    if !known.iter().any(|known| known.name == *group) {
        return Err(ApiError::bad_request("There is no such group.").into());
    }
    let leaving = fields.read_if_given("remove", platform::http::integer())?;
    let (user, action) = match leaving {
        Some(id) => (Some(platform::id::UserId(id)), "admin.group_left"),
        None => {
            let handle = fields.text("handle").trim_start_matches('@');
            let found = identity::user_by_handle(app.db().reader(), handle).await?;
            (found, "admin.group_joined")
        }
    };
    let user = user.ok_or_else(|| ApiError::bad_request("There is no account with this handle."))?;
    app.db()
        .write(|tx| async move {
            if leaving.is_some() {
                identity::leave_group(&tx, group, user).await?;
            } else {
                identity::join_group(&tx, group, user).await?;
            }
            let about = Map::from_iter([("group".to_owned(), json!(group))]);
            tx.append(&staff.trace(action).on("user", &user).with(about))
                .await?;
            Ok::<_, DbErr>(())
        })
        .await?;
    Ok(see(PATH))
}
