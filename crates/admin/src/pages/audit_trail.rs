//! The audit trail, to read.

use axum::{extract::State, response::Response};
use maud::html;
use platform::{
    App,
    http::{Paging, Parameters},
};
use serde_json::Value;

use crate::{
    gate::Staff,
    page::{self, Problem, links, moment},
};

/// Its events, newest first.
pub async fn list(
    State(app): State<App>,
    staff: Staff,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, Problem> {
    let events = audit::page(&app, &parameters, paging).await?;
    let content = html! {
        form method="get" action="/admin/audit/" {
            @for (name, label) in [
                ("action", "Action"), ("object_type", "Kind"), ("object_id", "Id"), ("actor_user", "Account"),
            ] {
                input name=(name) value=(parameters.get(name).unwrap_or("")) placeholder=(label); " "
            }
            button { "Search" }
        }
        table {
            tr { th { "When" } th { "Who" } th { "What" } th { "To what" } th { "Details" } }
            @for event in &events.results {
                tr {
                    td { (moment(event.created_at.0)) }
                    td {
                        @if let Some(user) = event.actor_user { (user) }
                        @if let Some(address) = &event.actor_ip { br; span.quiet { (address) } }
                    }
                    td { (event.action) }
                    td { (event.object_type) " " (event.object_id) }
                    td { pre { (Value::Object(event.metadata.clone())) } }
                }
            }
        }
        (links(&events))
    };
    Ok(page::page(&staff, "Audit trail", &content))
}
