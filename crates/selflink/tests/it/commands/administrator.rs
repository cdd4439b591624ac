//! `selflink bootstrap-admin`

use platform::testing::TestApp;
use serde_json::{Value, json};

use super::{look_at, migrated};
use crate::{
    cli::{run, run_told},
    support::{PASSWORD, deactivate, user_called, value},
};

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Value {
    let answer = app
        .client()
        .post("auth/login/", &json!({ "email": email, "password": password }))
        .await;
    if answer.status == 200 {
        answer.json()
    } else {
        Value::Null
    }
}

#[tokio::test]
async fn a_new_administrator() {
    let database = migrated().await;
    let printed = run(
        &database,
        &[
            "bootstrap-admin",
            "--email",
            "boss@example.com",
            "--password",
            "let-me-in-1",
            "--name",
            "The Boss",
        ],
    )
    .await;
    insta::assert_snapshot!(printed.succeeded(), @"
    Created superuser boss@example.com
    Admin bootstrap complete.
    ");
    let app = look_at(&database).await;
    let signed_in = sign_in(&app, "boss@example.com", "let-me-in-1").await;
    assert_eq!(
        (&signed_in["user"]["handle"], &signed_in["user"]["name"]),
        (&json!("boss"), &json!("The Boss"))
    );
    let rights = "SELECT count(*) FROM users WHERE is_staff AND is_superuser AND is_active";
    assert_eq!(value::<i64>(&app, rights).await, 1);
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM group_members WHERE group_name IN ('moderation_team', 'config_admin', 'support_staff')").await, 3);
    let flags = "SELECT count(*) FROM feature_flags WHERE key IN ('mentor_voice_beta', 'soulmatch_pro') AND NOT enabled AND rollout = 0";
    assert_eq!(value::<i64>(&app, flags).await, 2);
    app.stop().await;
}

#[tokio::test]
async fn defaults_come_from_the_environment_and_the_older_spelling_works() {
    let database = migrated().await;
    let settings = [
        ("ADMIN_EMAIL", "Env.Admin@Example.com"),
        ("ADMIN_PASSWORD", "from-the-env"),
    ];
    let printed = run_told(&database, &["bootstrap_admin"], &settings, "")
        .await
        .succeeded();
    assert!(
        printed.starts_with("Created superuser Env.Admin@Example.com\n"),
        "{printed}"
    );
    let printed = run(&database, &["bootstrap-admin"]).await.succeeded();
    assert!(
        printed.starts_with("Created superuser admin@selflink.app\n"),
        "{printed}"
    );
    let app = look_at(&database).await;
    assert_eq!(
        sign_in(&app, "env.admin@example.com", "from-the-env").await["user"]["name"],
        "SelfLink Admin"
    );
    assert_eq!(
        sign_in(&app, "admin@selflink.app", "selflinkAdmin123").await["user"]["handle"],
        "admin"
    );
    app.stop().await;
}

#[tokio::test]
async fn an_existing_account_keeps_its_name_and_gets_the_password() {
    let database = migrated().await;
    let app = look_at(&database).await;
    let ann = user_called(&app, "ann").await;
    deactivate(&app, ann.id).await;
    run(
        &database,
        &[
            "apply",
            r#"[{"flag":{"key":"soulmatch_pro","enabled":true,"rollout":50}}]"#,
        ],
    )
    .await
    .succeeded();
    for password in ["second-password", "third-password"] {
        let arguments = [
            "bootstrap-admin",
            "--email",
            "ANN@example.com",
            "--password",
            password,
            "--name",
            "Other",
        ];
        assert_eq!(
            run(&database, &arguments).await.succeeded(),
            "Admin bootstrap complete.\n"
        );
        assert_eq!(sign_in(&app, &ann.email, PASSWORD).await, Value::Null);
        let signed_in = sign_in(&app, &ann.email, password).await;
        assert_eq!(
            (&signed_in["user"]["handle"], &signed_in["user"]["name"]),
            (&json!("ann"), &json!("Name ann"))
        );
    }
    assert_eq!(
        value::<i64>(&app, "SELECT count(*) FROM users WHERE is_staff AND is_superuser").await,
        1
    );
    // A flag that was switched on stays on.
    assert_eq!(
        value::<i64>(
            &app,
            "SELECT rollout FROM feature_flags WHERE key = 'soulmatch_pro' AND enabled"
        )
        .await,
        5000
    );
    app.stop().await;
}

#[tokio::test]
async fn handles_that_are_taken_or_too_long() {
    let database = migrated().await;
    let app = look_at(&database).await;
    user_called(&app, "admin").await;
    let long = format!("{}@example.com", "a-very.long_local+part".repeat(2));
    for email in [
        "admin@selflink.app",
        long.as_str(),
        "-@example.com",
        "_@example.com",
    ] {
        run(
            &database,
            &[
                "bootstrap-admin",
                &format!("--email={email}"),
                "--password",
                "let-me-in-1",
            ],
        )
        .await
        .succeeded();
        let handle = sign_in(&app, email, "let-me-in-1").await["user"]["handle"]
            .as_str()
            .expect("signs in")
            .to_owned();
        let well_formed = handle
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(
            well_formed && (1..=30).contains(&handle.len()),
            "{email}: {handle}"
        );
        if email == "admin@selflink.app" {
            assert!(handle.starts_with("admin") && handle.len() == 9, "{handle}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn addresses_and_passwords_that_nobody_could_sign_in_with() {
    let database = migrated().await;
    for (email, password) in [
        ("nonsense", "let-me-in-1"),
        ("a@", "let-me-in-1"),
        ("admin@localhost", "let-me-in-1"),
        ("", "let-me-in-1"),
        ("a@example.com", "  "),
    ] {
        let complaint = run(
            &database,
            &["bootstrap-admin", "--email", email, "--password", password],
        )
        .await
        .failed(1);
        assert!(complaint.starts_with("CommandError: "), "{complaint}");
    }
    let app = look_at(&database).await;
    assert_eq!(value::<i64>(&app, "SELECT count(*) FROM users").await, 0);
    app.stop().await;
}
