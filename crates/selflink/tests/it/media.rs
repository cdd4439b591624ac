//! `/media/`: files of the local storage.

use platform::testing::TestApp;

#[tokio::test]
async fn stored_files_are_served_and_nothing_else() {
    let app = TestApp::with(selflink::instance(), &[("SERVE_MEDIA", "true")]).await;
    app.app
        .storage()
        .put("avatars/a b.png", "picture".into(), "image/png")
        .await
        .expect("is stored");
    let media = app.database().folder().join("media");
    std::fs::create_dir_all(media.join(".incoming")).expect("a folder");
    std::fs::write(media.join(".incoming/half"), "half").expect("a file");
    std::fs::write(media.join("../outside.txt"), "secret").expect("a file");

    let client = app.client();
    let answer = client.get("/media/avatars/a%20b.png").await;
    assert_eq!(
        (answer.status, answer.text.as_str(), answer.header("content-type")),
        (200, "picture", "image/png")
    );
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let part = client
        .with_header("range", "bytes=1-3")
        .get("/media/avatars/a%20b.png")
        .await;
    assert_eq!((part.status, part.text.as_str()), (206, "ict"));
    for path in [
        "/media/",
        "/media/avatars",
        "/media/avatars/",
        "/media/none.png",
        "/media/.incoming/half",
        "/media/%2eincoming/half",
        "/media/%2e%2e/outside.txt",
        "/media/..%2foutside.txt",
        "/media/avatars/..%2f..%2foutside.txt",
    ] {
        let answer = client.get(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (404, r#"{"detail":"Not found."}"#),
            "{path}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn files_are_not_served_unless_asked_for() {
    let app = crate::support::start().await;
    app.app
        .storage()
        .put("a.txt", "x".into(), "text/plain")
        .await
        .expect("is stored");
    app.client().get("/media/a.txt").await.expect(404);
    app.stop().await;
}
