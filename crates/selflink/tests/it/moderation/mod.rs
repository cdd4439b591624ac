//! Moderation: reports, the queue, decisions and what they change, appeals, banned words.

mod appeals;
mod context;
mod enforcements;
mod flags;
mod handling;
mod leaving;
mod messages;
mod notices;
mod queue;
mod reports;
mod restraints;
mod statements;
mod steps;

use platform::testing::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::{PASSWORD, TestUser, execute, staff, user};

const REPORTS: &str = "moderation/reports/";
const HANDLED: &str = "moderation/admin/reports/";
const QUEUE: &str = "moderation/admin/queue/";
const ASSIGNMENTS: &str = "moderation/admin/queue/assignments/";
const ENFORCE: &str = "moderation/admin/enforce/";
const ENFORCEMENTS: &str = "moderation/enforcements/";
const APPEALS: &str = "moderation/appeals/";
const ALL_APPEALS: &str = "moderation/admin/appeals/";

fn forbidden() -> Value {
    json!({ "detail": "You do not have permission to perform this action." })
}

/// Somebody who belongs to the moderators' group and not to staff.
async fn member(app: &TestApp) -> TestUser {
    let member = user(app).await;
    execute(
        app,
        "INSERT INTO user_groups (name) VALUES ('moderation_team') ON CONFLICT DO NOTHING",
    )
    .await;
    let row = format!(
        "INSERT INTO group_members (group_name, user_id) VALUES ('moderation_team', {})",
        member.id
    );
    execute(app, &row).await;
    member
}

async fn superuser(app: &TestApp) -> TestUser {
    let boss = staff(app).await;
    execute(
        app,
        &format!("UPDATE users SET is_superuser = TRUE WHERE id = {}", boss.id),
    )
    .await;
    boss
}

/// Files a report.
async fn report(by: &TestUser, target_type: &str, target_id: i64) -> Value {
    let body = json!({ "target_type": target_type, "target_id": target_id, "reason": "because" });
    by.client.post(REPORTS, &body).await.expect(201)
}

/// Makes a post and returns its id.
async fn post(by: &TestUser, text: &str) -> i64 {
    let made = by
        .client
        .post("posts/", &json!({ "text": text }))
        .await
        .expect(201);
    made["id"].as_i64().expect("a number")
}

/// Decides about a target.
async fn enforce(by: &TestUser, action: &str, target: (&str, i64)) -> Answer {
    let body =
        json!({ "target_type": target.0, "target_id": target.1, "action": action, "reason": "a reason" });
    by.client.post(ENFORCE, &body).await
}

/// Lifts a decision.
async fn lift(by: &TestUser, id: &Value) -> Answer {
    let path = format!("moderation/admin/enforcements/{id}/lift/");
    by.client.call("POST", &path).await
}

async fn sign_in(app: &TestApp, user: &TestUser) -> Answer {
    let credentials = json!({ "email": user.email, "password": PASSWORD });
    app.client().post("auth/login/", &credentials).await
}
