//! Who gets in, and how.

use chrono::Duration;
use serde_json::json;
use totp_rs::{Builder, Secret};

use super::{Browser, FORM, csrf_of, encode, hidden};
use crate::support::{PASSWORD, deactivate, eventually, execute, staff, start, start_with, user, value};

const PAGES: [&str; 9] = [
    "/admin/",
    "/admin/flags/",
    "/admin/audit/",
    "/admin/groups/",
    "/admin/jobs/",
    "/admin/moderation/",
    "/admin/moderation/reports/",
    "/admin/moderation/enforcements/",
    "/admin/moderation/appeals/",
];

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_back() {
    let app = start().await;
    for page in PAGES {
        let answer = app.client().get(page).await;
        assert_eq!(answer.status, 302, "{page}");
        assert_eq!(answer.header("location"), format!("/admin/login/?next={page}"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = app.client().get("/admin/flags/?q=a&enabled=no").await;
    assert_eq!(
        answer.header("location"),
        "/admin/login/?next=/admin/flags/%3Fq%3Da%26enabled%3Dno"
    );
    // Forms do not work either, and tokens of the API mean nothing here.
    let boss = staff(&app).await;
    let answer = app.client().send("POST", "/admin/flags/", FORM, "key=x").await;
    assert_eq!(answer.status, 302);
    assert_eq!(boss.client.get("/admin/").await.status, 302);
    let mut browser = Browser::new(&app);
    let answer = browser
        .sign_in(&boss.email, PASSWORD, "/admin/flags/?q=a&enabled=no")
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/admin/flags/?q=a&enabled=no")
    );
    for page in PAGES {
        let answer = browser.get(page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!answer.text.contains("<script"), "{page}");
    }
    eventually("the entry of the trail", async || {
        let query = "SELECT count(*) FROM audit_events WHERE action = 'admin.signed_in'";
        (value::<i64>(&app, query).await == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let app = start().await;
    let boss = staff(&app).await;
    for next in [
        "https://evil.example/",
        "//evil.example/admin/",
        "/admin\\@evil.example",
        "/",
        "/admin/\r\nset-cookie: a=b",
        "",
    ] {
        let mut browser = Browser::new(&app);
        let answer = browser.sign_in(&boss.email, PASSWORD, next).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/admin/"),
            "{next:?}"
        );
    }
    let shown = app.client().get("/admin/login/?next=https://evil.example/").await;
    assert_eq!(hidden(&shown.text, "next"), "/admin/");
    app.stop().await;
}

#[tokio::test]
async fn others_than_staff_are_refused_in_the_same_words() {
    let app = start().await;
    let (ann, gone) = (user(&app).await, staff(&app).await);
    deactivate(&app, gone.id).await;
    let mut texts = Vec::new();
    for (email, password) in [
        (ann.email.as_str(), PASSWORD),
        (ann.email.as_str(), "not this one"),
        (gone.email.as_str(), PASSWORD),
        ("nobody@example.com", PASSWORD),
    ] {
        let mut browser = Browser::new(&app);
        let answer = browser.sign_in(email, password, "").await;
        assert_eq!(answer.status, 403, "{email}");
        assert!(!answer.text.contains(password), "no password is shown again");
        let (_, problem) = answer.text.split_once("class=\"problem\">").expect("says why");
        texts.push(problem.split('<').next().expect("ends").to_owned());
        assert_eq!(browser.get("/admin/").await.status, 302);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    // The session that was begun with the right password is over.
    let query = format!(
        "SELECT count(*) FROM sessions WHERE user_id = {} AND revoked_at IS NULL",
        ann.id
    );
    assert_eq!(value::<i64>(&app, &query).await, 1, "the one of the registration");
    app.stop().await;
}

#[tokio::test]
async fn guessing_is_limited() {
    let app = start_with(&[("SIGN_IN_PAIR_RATE", "2/min")]).await;
    let boss = staff(&app).await;
    let mut browser = Browser::new(&app);
    for status in [403, 403, 429] {
        assert_eq!(
            browser.sign_in(&boss.email, "not this one", "").await.status,
            status
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn the_form_works_only_for_the_browser_that_it_was_made_for() {
    let app = start().await;
    let boss = staff(&app).await;
    let credentials = [("email", boss.email.as_str()), ("password", PASSWORD)];
    let other = app.client().get("/admin/login/").await;
    let forged = csrf_of(&other.text);
    let mut browser = Browser::new(&app);
    browser.get("/admin/login/").await;
    for csrf in ["", "0", &forged] {
        let fields = [&credentials[..], &[("csrf", csrf)]].concat();
        assert_eq!(browser.post("/admin/login/", &fields).await.status, 403, "{csrf}");
    }
    // Without any cookie.
    let fields = [&credentials[..], &[("csrf", &forged)]].concat();
    let answer = app
        .client()
        .send("POST", "/admin/login/", FORM, encode(&fields))
        .await;
    assert_eq!(answer.status, 403);
    app.stop().await;
}

#[tokio::test]
async fn a_session_ends_with_its_time_its_rights_and_its_owners_wish() {
    let app = start().await;
    let boss = staff(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    // A form without what protects it does nothing.
    assert_eq!(browser.post("/admin/logout/", &[]).await.status, 403);
    assert_eq!(browser.get("/admin/").await.status, 200);
    let kept = browser.cookies.clone();
    let out = browser.send("/admin/", "/admin/logout/", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, "/admin/login/"));
    assert!(!browser.cookies.iter().any(|(name, _)| name == "selflink_admin"));
    browser.cookies = kept;
    assert_eq!(
        browser.get("/admin/").await.status,
        302,
        "the cookie is of no use any more"
    );

    let mut browser = Browser::of(&app, &boss).await;
    execute(
        &app,
        &format!("UPDATE users SET is_staff = FALSE WHERE id = {}", boss.id),
    )
    .await;
    assert_eq!(browser.get("/admin/").await.status, 302);
    execute(
        &app,
        &format!("UPDATE users SET is_staff = TRUE WHERE id = {}", boss.id),
    )
    .await;
    assert_eq!(browser.get("/admin/").await.status, 200);
    // All of one's sessions can be ended from the app.
    let sessions = boss.client.delete("me/sessions/").await;
    assert!(sessions.status < 300, "{}", sessions.text);
    assert_eq!(browser.get("/admin/").await.status, 302);

    let mut browser = Browser::of(&app, &boss).await;
    app.advance(Duration::hours(13));
    assert_eq!(browser.get("/admin/").await.status, 302);
    app.stop().await;
}

#[tokio::test]
async fn whoever_is_signed_in_is_not_asked_again() {
    let app = start().await;
    let boss = staff(&app).await;
    let mut browser = Browser::of(&app, &boss).await;
    let answer = browser.get("/admin/login/?next=/admin/flags/").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/flags/"));
    app.stop().await;
}

#[tokio::test]
async fn cookies_travel_by_https_alone_where_that_is_wanted() {
    let secure = [("SESSION_COOKIE_SECURE", "true"), ("CSRF_COOKIE_SECURE", "true")];
    let app = start_with(&secure).await;
    let boss = staff(&app).await;
    let shown = app.client().get("/admin/login/").await;
    assert!(
        shown.header("set-cookie").ends_with("; Secure"),
        "{:?}",
        shown.headers
    );
    let mut browser = Browser::new(&app);
    let answer = browser.sign_in(&boss.email, PASSWORD, "").await;
    let cookies: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok())
        .collect();
    assert!(
        cookies.iter().all(|cookie| cookie.ends_with("; Secure")),
        "{cookies:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let app = start_with(&[("STAFF_SECOND_FACTOR_REQUIRED", "true")]).await;
    let boss = staff(&app).await;
    let mut browser = Browser::new(&app);
    let refused = browser.sign_in(&boss.email, PASSWORD, "").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("second factor"), "{}", refused.text);

    let password = json!({ "password": PASSWORD });
    let started = boss.client.post("auth/totp/start/", &password).await.expect(200);
    let secret = started["secret"].as_str().expect("a secret").to_owned();
    let code = |steps: i64| {
        let totp = Builder::new()
            .with_secret(Secret::try_from_base32(&secret).expect("is base32"))
            .build()
            .expect("is a secret");
        let time = app.app.clock().now().timestamp() + 30 * steps;
        totp.generate(u64::try_from(time).expect("after 1970"))
            .to_string()
    };
    let confirmed = json!({ "code": code(0) });
    boss.client
        .post("auth/totp/confirm/", &confirmed)
        .await
        .expect(200);
    app.advance(Duration::seconds(30));

    let asked = browser.sign_in(&boss.email, PASSWORD, "/admin/flags/").await;
    assert_eq!(asked.status, 200);
    assert_eq!(browser.get("/admin/").await.status, 302, "not yet");
    let (challenge, csrf) = (hidden(&asked.text, "challenge"), csrf_of(&asked.text));
    let answer = async |browser: &mut Browser, code: &str| {
        let fields = [
            ("challenge", challenge.as_str()),
            ("code", code),
            ("csrf", &csrf),
            ("next", "/admin/flags/"),
        ];
        browser.post("/admin/login/", &fields).await
    };
    let wrong = answer(&mut browser, "0").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("This code is wrong"), "{}", wrong.text);
    let right = answer(&mut browser, &code(0)).await;
    assert_eq!((right.status, right.header("location")), (303, "/admin/flags/"));
    assert_eq!(browser.get("/admin/").await.status, 200);
    app.stop().await;
}
