//! Personal data of accounts, for superusers. That somebody has looked at it stays on record.

use axum::{extract::State, response::Response};
use maud::html;
use platform::{
    App,
    http::{ApiError, Paging, Parameters, PathId},
    id::UserId,
};

use crate::{
    gate::Staff,
    page::{self, Problem, links, moment, moment_if_any},
};

/// Everybody, or whoever has exactly this id, handle or address.
pub async fn list(
    State(app): State<App>,
    staff: Staff,
    parameters: Parameters,
    paging: Paging,
) -> Result<Response, Problem> {
    staff.require_superuser()?;
    let page = paging.order(&[identity::PERSON_ID], "-id", identity::PERSON_ID)?;
    let wanted = parameters.get("q").unwrap_or("");
    let found = identity::people(app.db().reader(), wanted, &page).await?;
    let people = page.answer(found, identity::Person::sort_value);
    let content = html! {
        form method="get" action="/admin/people/" {
            input name="q" value=(wanted) placeholder="Id, handle or address"; " "
            button { "Search" }
        }
        table {
            tr { th { "Id" } th { "Handle" } th { "E-mail address" } th { "Name" } th { "Changed" } }
            @for person in &people.results {
                tr {
                    td { a href={ "/admin/people/" (person.id) "/" } { (person.id) } }
                    td { "@" (person.handle) }
                    td { (person.email) }
                    td { (person.name) }
                    td { (moment(person.updated_at)) }
                }
            }
        }
        (links(&people))
    };
    Ok(page::page(&staff, "People", &content))
}

/// One account.
pub async fn detail(State(app): State<App>, staff: Staff, id: PathId) -> Result<Response, Problem> {
    staff.require_superuser()?;
    let id = UserId(id.of("User")?);
    let person = identity::find_person(app.db().reader(), id)
        .await?
        .ok_or_else(|| ApiError::no_match("User"))?;
    let trace = &staff.trace("admin.personal_data_viewed").on("user", &id);
    app.db().write(|tx| async move { tx.append(trace).await }).await?;
    let given = |text: Option<String>| {
        text.filter(|text| !text.is_empty())
            .unwrap_or_else(|| "–".to_owned())
    };
    let yes = |is: bool| if is { "yes" } else { "no" };
    let lines: [(&str, String); 14] = [
        ("Id", person.id.to_string()),
        ("Handle", format!("@{}", person.handle)),
        ("Name", person.name),
        ("E-mail address", person.email),
        ("Address is verified", yes(person.email_is_verified).to_owned()),
        (
            "Birth date",
            given(person.birth_date.map(|date| date.to_string())),
        ),
        (
            "Birth time",
            given(person.birth_time.map(|time| time.to_string())),
        ),
        ("Birth place", given(Some(person.birth_place))),
        ("Active", yes(person.is_active).to_owned()),
        ("Staff", yes(person.is_staff).to_owned()),
        ("Superuser", yes(person.is_superuser).to_owned()),
        ("Suspended until", moment_if_any(person.suspended_until)),
        ("Restricted until", moment_if_any(person.restricted_until)),
        ("Made", moment(person.created_at)),
    ];
    let content = html! {
        table {
            @for (label, value) in &lines { tr { th { (label) } td { (value) } } }
        }
    };
    Ok(page::page(&staff, "Account", &content))
}
