//! Feature flags.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use platform::{
    App,
    db::violates_unique,
    flags::{self, Flag, FlagRow, StoredFlag},
    http::{ApiError, Parameters, number, text},
};
use sea_orm::DbErr;
use serde_json::{Map, json};

use crate::{
    form::Form,
    gate::{Staff, see},
    page::{self, Problem, button, hidden, moment},
};

const PATH: &str = "/admin/flags/";
/// Members change flags without being superusers.
const GROUP: &str = "config_admin";

async fn may_change(app: &App, staff: &Staff) -> Result<bool, DbErr> {
    Ok(staff.viewer.is_superuser || identity::is_member(app.db().reader(), staff.viewer.id, GROUP).await?)
}

async fn require_right(app: &App, staff: &Staff) -> Result<(), Problem> {
    if may_change(app, staff).await? {
        Ok(())
    } else {
        Err(ApiError::forbidden_because("Only superusers and members of config_admin change flags.").into())
    }
}

/// A rollout in percent.
fn percent(hundredths: i64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// All flags, narrowed by words of their key or description, and by whether they are on.
pub async fn list(State(app): State<App>, staff: Staff, parameters: Parameters) -> Result<Response, Problem> {
    let wanted = parameters.get("q").unwrap_or("").trim().to_lowercase();
    let state = parameters.get("enabled").unwrap_or("");
    let all = flags::all(app.db().reader()).await?;
    let shown: Vec<&StoredFlag> = all
        .iter()
        .filter(|StoredFlag { row, .. }| {
            let is_found = row.flag.key.to_lowercase().contains(&wanted)
                || row.description.to_lowercase().contains(&wanted);
            let fits = match state {
                "yes" => row.flag.enabled,
                "no" => !row.flag.enabled,
                _ => true,
            };
            is_found && fits
        })
        .collect();
    let may_change = may_change(&app, &staff).await?;
    let content = html! {
        form method="get" action=(PATH) {
            input name="q" value=(parameters.get("q").unwrap_or("")) placeholder="Key or description";
            " "
            select name="enabled" {
                @for (value, label) in [("", "All"), ("yes", "On"), ("no", "Off")] {
                    option value=(value) selected[value == state] { (label) }
                }
            }
            " " button { "Search" }
        }
        table {
            tr { th { "Key" } th { "On" } th { "Rollout" } th { "Changed" } th { "Description" } th {} }
            @for flag in shown { (line(&staff, flag, may_change)) }
        }
        @if may_change {
            h2 { "New flag" }
            (editor(&staff, None))
        }
    };
    Ok(page::page(&staff, "Feature flags", &content))
}

fn line(staff: &Staff, StoredFlag { row, updated_at }: &StoredFlag, may_change: bool) -> Markup {
    let Flag {
        key,
        enabled,
        rollout,
    } = &row.flag;
    html! {
        tr {
            td { (key) }
            td { @if *enabled { "yes" } @else { "no" } }
            td { (percent(*rollout)) " %" }
            td { (moment(*updated_at)) }
            td { (row.description) }
            td {
                @if may_change {
                    details { summary { "Change" } (editor(staff, Some(row))) }
                    (button(staff, "/admin/flags/remove/", &[("key", key)], "Remove"))
                }
            }
        }
    }
}

fn editor(staff: &Staff, row: Option<&FlagRow>) -> Markup {
    let flag = row.map(|row| &row.flag);
    html! {
        form.block method="post" action=(PATH) {
            (hidden(staff))
            @match flag {
                Some(flag) => { input type="hidden" name="key" value=(flag.key); }
                None => { label { "Key" input name="key" maxlength="64" required; } input type="hidden" name="is_new" value="on"; }
            }
            label { "Description" input name="description" maxlength="255" value=(row.map_or("", |row| &row.description)); }
            label { input type="checkbox" name="enabled" checked[flag.is_some_and(|flag| flag.enabled)]; " On" }
            label {
                "Rollout in percent; 0 and 100 mean everybody"
                input name="rollout" inputmode="decimal" value=(percent(flag.map_or(0, |flag| flag.rollout)));
            }
            button { "Save" }
        }
    }
}

/// Makes a flag or changes one.
pub async fn save(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    require_right(&app, staff).await?;
    let key = fields.read("key", text().max(64))?;
    let description = fields.read("description", text().max(255).or_blank())?;
    let percent = fields
        .read_if_given("rollout", number().between(0.0, 100.0))?
        .unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 10,000")]
    let rollout = (percent * 100.0).round() as i64;
    let flag = &Flag {
        key: key.clone(),
        enabled: fields.is_ticked("enabled"),
        rollout,
    };
    let (is_new, description) = (fields.is_ticked("is_new"), &description);
    let saved = app
        .db()
        .write(|tx| async move {
            let known = flags::all(&tx).await?;
            let known = known.into_iter().find(|stored| stored.row.flag.key == flag.key);
            let id = match known {
                Some(_) if is_new => return Ok(Err("There is a flag with this key already.")),
                None if !is_new => return Ok(Err("There is no such flag any more.")),
                Some(stored) => stored.row.id,
                None => tx.next_id(),
            };
            let row = FlagRow {
                id,
                description: description.clone(),
                flag: flag.clone(),
            };
            flags::put(&tx, &row).await?;
            let set = [
                ("enabled".to_owned(), json!(flag.enabled)),
                ("rollout_hundredths".to_owned(), json!(flag.rollout)),
            ];
            let trace = staff
                .trace("admin.flag_saved")
                .on("feature_flag", &flag.key)
                .with(Map::from_iter(set));
            tx.append(&trace).await?;
            Ok::<_, DbErr>(Ok(()))
        })
        .await;
    app.flags().forget();
    match saved {
        Ok(Ok(())) => Ok(see(PATH)),
        Ok(Err(problem)) => Err(ApiError::bad_request(problem).into()),
        Err(error) if violates_unique(&error, "feature_flags", "key") => {
            Err(ApiError::bad_request("There is a flag with this key already.").into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes a flag.
pub async fn remove(State(app): State<App>, form: Form) -> Result<Response, Problem> {
    let Form { staff, fields } = &form;
    require_right(&app, staff).await?;
    let key = &fields.read("key", text().max(64))?;
    app.db()
        .write(|tx| async move {
            if flags::remove(&tx, key).await? {
                tx.append(&staff.trace("admin.flag_removed").on("feature_flag", key))
                    .await?;
            }
            Ok::<_, DbErr>(())
        })
        .await?;
    app.flags().forget();
    Ok(see(PATH))
}
