//! The pages. They are no part of the API, so its description does not know them.

mod appeals;
mod audit_trail;
mod enforcements;
mod feature_flags;
mod groups;
mod home;
mod job_list;
mod people;
mod queue;
mod reports;
mod sign_in;

use axum::routing::{get, post};
use platform::{App, domain::Routes, http::Access};
use utoipa_axum::router::OpenApiRouter;

use crate::page;

pub fn all() -> Vec<Routes> {
    let pages: OpenApiRouter<App> = OpenApiRouter::new()
        .route(page::STYLE_PATH, get(page::style))
        .route("/admin/login/", get(sign_in::form).post(sign_in::submit))
        .route("/admin/logout/", post(sign_in::sign_out))
        .route("/admin/", get(home::page))
        .route(
            "/admin/flags/",
            get(feature_flags::list).post(feature_flags::save),
        )
        .route("/admin/flags/remove/", post(feature_flags::remove))
        .route("/admin/audit/", get(audit_trail::list))
        .route("/admin/groups/", get(groups::list).post(groups::change))
        .route("/admin/people/", get(people::list))
        .route("/admin/people/{id}/", get(people::detail))
        .route("/admin/jobs/", get(job_list::list).post(job_list::repeat))
        .route("/admin/moderation/", get(queue::list).post(queue::assign))
        .route("/admin/moderation/reports/", get(reports::list))
        .route(
            "/admin/moderation/reports/{id}/",
            get(reports::detail).post(reports::handle),
        )
        .route("/admin/moderation/reports/{id}/enforce/", post(reports::enforce))
        .route(
            "/admin/moderation/enforcements/",
            get(enforcements::list).post(enforcements::enforce),
        )
        .route("/admin/moderation/enforcements/lift/", post(enforcements::lift))
        .route(
            "/admin/moderation/appeals/",
            get(appeals::list).post(appeals::decide),
        );
    // The pages look at their cookie themselves.
    vec![Routes::api(Access::SignIn, pages)]
}
