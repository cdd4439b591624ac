//! What the forms do.

use futures::future::join_all;
use serde_json::json;

use super::{Browser, FORM, csrf_of, encode, superuser};
use crate::support::{eventually, execute, staff, start, user, value};

#[tokio::test]
async fn no_form_is_taken_without_what_protects_it() {
    let app = start().await;
    let boss = superuser(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    let other = Browser::of(&app, &boss).await;
    let page = other.client().get("/admin/flags/").await;
    for path in [
        "/admin/flags/",
        "/admin/flags/remove/",
        "/admin/groups/",
        "/admin/jobs/",
        "/admin/moderation/",
        "/admin/moderation/reports/1/",
        "/admin/moderation/reports/1/enforce/",
        "/admin/moderation/enforcements/",
        "/admin/moderation/enforcements/lift/",
        "/admin/moderation/appeals/",
    ] {
        for csrf in ["", "x", &csrf_of(&page.text)] {
            let answer = browser.post(path, &[("key", "x"), ("csrf", csrf)]).await;
            assert_eq!(answer.status, 403, "{path} {csrf}");
            assert!(answer.text.contains("This form has expired"), "{}", answer.text);
        }
        let answer = browser
            .client()
            .send("POST", path, "application/json", "{}")
            .await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
    }
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 0);
    app.stop().await;
}

#[tokio::test]
async fn flags_are_made_changed_found_and_removed() {
    let app = start().await;
    let boss = superuser(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    let page = "/admin/flags/";
    for (key, enabled) in [("first_flag", "on"), ("second", "")] {
        let fields = [
            ("key", key),
            ("is_new", "on"),
            ("description", "<b>what</b> it does"),
            ("enabled", enabled),
            ("rollout", "12.5"),
        ];
        let made = browser.send(page, page, &fields).await;
        assert_eq!(
            (made.status, made.header("location")),
            (303, page),
            "{}",
            made.text
        );
    }
    let is_on = async || {
        app.app
            .flags()
            .is_enabled("first_flag", None, true)
            .await
            .expect("is read")
    };
    assert!(!is_on().await, "an eighth of the users, and nobody else");
    let shown = browser.get(page).await.text;
    assert!(
        shown.contains("first_flag") && shown.contains("12.50 %"),
        "{shown}"
    );
    assert!(
        shown.contains("&lt;b&gt;what") && !shown.contains("<b>what"),
        "{shown}"
    );
    for (query, first, second) in [
        ("q=FIRST", true, false),
        ("q=what", true, true),
        ("enabled=yes", true, false),
        ("enabled=no", false, true),
        ("q=%00", false, false),
    ] {
        let shown = browser.get(&format!("{page}?{query}")).await.text;
        assert_eq!(
            (shown.contains("<td>first_flag"), shown.contains("<td>second")),
            (first, second),
            "{query}"
        );
    }
    let change = [("key", "first_flag"), ("enabled", "on"), ("rollout", "100")];
    browser.send(page, page, &change).await;
    assert!(is_on().await);
    for (fields, said) in [
        (
            vec![("key", "first_flag"), ("is_new", "on")],
            "There is a flag with this key already.",
        ),
        (vec![("key", "nothing")], "There is no such flag any more."),
        (
            vec![("key", "x"), ("is_new", "on"), ("rollout", "101")],
            "rollout: Ensure this value is less than or equal to 100.",
        ),
        (vec![("is_new", "on")], "key: This field may not be blank."),
        (
            vec![("key", "a\0b"), ("is_new", "on")],
            "key: Null characters are not allowed.",
        ),
    ] {
        let refused = browser.send(page, page, &fields).await;
        assert_eq!(refused.status, 400, "{fields:?}");
        assert!(refused.text.contains(said), "{said}: {}", refused.text);
    }
    let key = [("key", "second")];
    browser.send(page, "/admin/flags/remove/", &key).await;
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM feature_flags").await, 1);
    eventually("the entries of the trail", async || {
        let query =
            "SELECT count(*) FROM audit_events WHERE action IN ('admin.flag_saved', 'admin.flag_removed')";
        (value::<i64>(&app, query).await == 4).then_some(())
    })
    .await;
    let trail = browser.get("/admin/audit/?action=admin.flag_saved").await.text;
    assert!(
        trail.contains("first_flag") && !trail.contains("admin.flag_removed<"),
        "{trail}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_flags_made_at_once_one_is_made() {
    let app = start().await;
    let boss = superuser(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    let csrf = csrf_of(&browser.get("/admin/flags/").await.text);
    let body = encode(&[("key", "race"), ("is_new", "on"), ("csrf", &csrf)]);
    let client = browser.client();
    let answers = join_all((0..6).map(|_| client.send("POST", "/admin/flags/", FORM, body.clone()))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400, 400, 400, 400, 400]);
    app.stop().await;
}

#[tokio::test]
async fn only_superusers_and_members_of_config_admin_change_flags() {
    let app = start().await;
    let boss = staff(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    let fields = [("key", "x"), ("is_new", "on")];
    assert_eq!(
        browser
            .send("/admin/flags/", "/admin/flags/", &fields)
            .await
            .status,
        403
    );
    execute(&app, "INSERT INTO user_groups (name) VALUES ('config_admin')").await;
    let member = format!(
        "INSERT INTO group_members (group_name, user_id) VALUES ('config_admin', {})",
        boss.id
    );
    execute(&app, &member).await;
    assert_eq!(
        browser
            .send("/admin/flags/", "/admin/flags/", &fields)
            .await
            .status,
        303
    );
    app.stop().await;
}

#[tokio::test]
async fn superusers_change_groups_and_nobody_else() {
    let app = start().await;
    let (boss, other, ann) = (superuser(&app).await, staff(&app).await, user(&app).await);
    execute(&app, "INSERT INTO user_groups (name) VALUES ('moderation_team')").await;
    let page = "/admin/groups/";
    let mut browser = Browser::of(&app, &boss).await;
    let join = [("group", "moderation_team"), ("handle", ann.handle.as_str())];
    assert_eq!(browser.send(page, page, &join).await.status, 303);
    assert!(browser.get(page).await.text.contains(&format!("@{}", ann.handle)));
    ann.client.get("moderation/admin/reports/").await.expect(200);
    let id = ann.id.to_string();
    let leave = [("group", "moderation_team"), ("remove", id.as_str())];
    let mut others = Browser::of(&app, &other).await;
    for fields in [&join, &leave] {
        let csrf = csrf_of(&others.get(page).await.text);
        let fields = [&fields[..], &[("csrf", csrf.as_str())]].concat();
        assert_eq!(others.post(page, &fields).await.status, 403);
    }
    assert_eq!(browser.send(page, page, &leave).await.status, 303);
    ann.client.get("moderation/admin/reports/").await.expect(403);
    for (fields, said) in [
        ([("group", "nothing"), ("handle", "x")], "There is no such group."),
        (
            [("group", "moderation_team"), ("handle", "nobody-at-all")],
            "There is no account with this handle.",
        ),
    ] {
        let refused = browser.send(page, page, &fields).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(said), "{}", refused.text);
    }
    app.stop().await;
}

#[tokio::test]
async fn reports_are_worked_on() {
    let app = start().await;
    let (boss, other, ann, bob) = (
        superuser(&app).await,
        staff(&app).await,
        user(&app).await,
        user(&app).await,
    );
    let made = ann
        .client
        .post("posts/", &json!({ "text": "<i>nasty</i>" }))
        .await
        .expect(201);
    let body = json!({ "target_type": "post", "target_id": made["id"], "reason": "rude & crude" });
    let report = bob.client.post("moderation/reports/", &body).await.expect(201);
    let mut browser = Browser::of(&app, &boss).await;
    let queue = "/admin/moderation/";
    assert!(
        browser
            .get(queue)
            .await
            .text
            .contains(&format!("post {}", made["id"]))
    );
    let target = made["id"].to_string();
    let take = [("target_type", "post"), ("target_id", target.as_str())];
    assert_eq!(browser.send(queue, queue, &take).await.status, 303);
    let mut others = Browser::of(&app, &other).await;
    let refused = others.send(queue, queue, &take).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("Another moderator"), "{}", refused.text);
    let page = format!("/admin/moderation/reports/{}/", report["id"]);
    let shown = browser.get(&page).await.text;
    assert!(
        shown.contains("&lt;i&gt;nasty") && !shown.contains("<i>nasty") && shown.contains("rude &amp; crude"),
        "{shown}"
    );
    let notes = [("status", "in_review"), ("notes", "looking")];
    assert_eq!(browser.send(&page, &page, &notes).await.status, 303);
    let verdict = [
        ("action", "suspend"),
        ("reason", "enough"),
        ("expires_at", "2999-01-01T00:00"),
    ];
    let decided = browser.send(&page, &format!("{page}enforce/"), &verdict).await;
    assert_eq!(decided.status, 303, "{}", decided.text);
    ann.client.get("users/me/").await.expect(401);
    let own = bob
        .client
        .get(&format!("moderation/reports/{}/", report["id"]))
        .await
        .expect(200);
    assert_eq!(
        json!([own["status"], own["notes"]]),
        json!(["resolved", "looking"])
    );
    let list = "/admin/moderation/enforcements/";
    let id: i64 = value(&app, "SELECT id FROM enforcements").await;
    let id = id.to_string();
    let lifted = browser
        .send(list, "/admin/moderation/enforcements/lift/", &[("id", &id)])
        .await;
    assert_eq!(lifted.status, 303, "{}", lifted.text);
    let ann_id = ann.id.to_string();
    let warn = [
        ("target_type", "user"),
        ("target_id", ann_id.as_str()),
        ("action", "warn"),
        ("reason", "r"),
    ];
    assert_eq!(others.send(list, list, &warn).await.status, 303);
    for wrong in [
        [
            ("target_type", "user"),
            ("target_id", "1"),
            ("action", "warn"),
            ("reason", "r"),
        ],
        [
            ("target_type", "x"),
            ("target_id", "1"),
            ("action", "warn"),
            ("reason", "r"),
        ],
        [
            ("target_type", "user"),
            ("target_id", "1"),
            ("action", "warn"),
            ("reason", ""),
        ],
    ] {
        assert_eq!(browser.send(list, list, &wrong).await.status, 400, "{wrong:?}");
    }
    for nothing in [
        "/admin/moderation/reports/1/",
        "/admin/moderation/reports/x/",
        "/admin/people/1/",
    ] {
        assert_eq!(browser.get(nothing).await.status, 404, "{nothing}");
    }
    app.stop().await;
}

#[tokio::test]
async fn appeals_are_decided() {
    let app = start().await;
    let (boss, other, ann) = (staff(&app).await, staff(&app).await, user(&app).await);
    let body = json!({ "target_type": "user", "target_id": ann.id, "action": "warn", "reason": "r" });
    let made = boss
        .client
        .post("moderation/admin/enforce/", &body)
        .await
        .expect(201);
    let appeal = json!({ "enforcement": made["id"], "text": "why <me>?" });
    let filed = ann.client.post("moderation/appeals/", &appeal).await.expect(201);
    let page = "/admin/moderation/appeals/";
    let id = filed["id"].to_string();
    let decision = [("id", id.as_str()), ("decision", "lift"), ("note", "sorry")];
    let mut first = Browser::of(&app, &boss).await;
    assert!(first.get(page).await.text.contains("why &lt;me&gt;?"));
    assert_eq!(first.send(page, page, &decision).await.status, 403);
    let mut second = Browser::of(&app, &other).await;
    assert_eq!(second.send(page, page, &decision).await.status, 303);
    let own = ann.client.get("moderation/appeals/").await.expect(200);
    assert_eq!(
        json!([own["results"][0]["status"], own["results"][0]["note"]]),
        json!(["lifted", "sorry"])
    );
    assert!(
        !second
            .get(&format!("{page}?status=open"))
            .await
            .text
            .contains("why")
    );
    app.stop().await;
}
