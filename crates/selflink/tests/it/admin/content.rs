//! What the pages show, and to whom.

use super::{Browser, superuser};
use crate::support::{eventually, staff, start, user, value};

#[tokio::test]
async fn personal_data_is_for_superusers_and_looking_at_it_stays_on_record() {
    let app = start().await;
    let (boss, other, ann) = (superuser(&app).await, staff(&app).await, user(&app).await);
    let page = format!("/admin/people/{}/", ann.id);
    let mut others = Browser::of(&app, &other).await;
    for path in ["/admin/people/", &page] {
        let refused = others.get(path).await;
        assert_eq!(refused.status, 403);
        assert!(!refused.text.contains(&ann.email));
        assert_eq!(app.client().get(path).await.status, 302);
    }
    assert!(!others.get("/admin/").await.text.contains("/admin/people/"));
    let mut browser = Browser::of(&app, &boss).await;
    let list = browser.get("/admin/people/").await.text;
    assert!(list.contains(&ann.email) && list.contains(&other.email), "{list}");
    for query in [
        ann.email.to_uppercase(),
        ann.handle.clone(),
        format!("@{}", ann.handle),
        ann.id.to_string(),
    ] {
        let found = browser.get(&format!("/admin/people/?q={query}")).await.text;
        assert!(
            found.contains(&ann.email) && !found.contains(&other.email),
            "{query}"
        );
    }
    for nothing in ["%00", "nobody@example.com", "99999999999999999999"] {
        let found = browser.get(&format!("/admin/people/?q={nothing}")).await;
        assert_eq!(found.status, 200);
        assert!(!found.text.contains(&ann.email), "{nothing}");
    }
    let shown = browser.get(&page).await.text;
    assert!(shown.contains(&ann.email) && !shown.contains("argon2"), "{shown}");
    eventually("the entry of the trail", async || {
        let query = format!(
            "SELECT count(*) FROM audit_events WHERE action = 'admin.personal_data_viewed' AND object_id = '{}' \
             AND actor_user_id = {}",
            ann.id, boss.id
        );
        (value::<i64>(&app, &query).await == 1).then_some(())
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn lists_have_pages() {
    let app = start().await;
    let boss = superuser(&app).await;
    for _ in 0..3 {
        user(&app).await;
    }
    let mut browser = Browser::of(&app, &boss).await;
    let first = browser.get("/admin/people/?page_size=2").await.text;
    let (before, _) = first.split_once("\">Next →").expect("there is a next page");
    let link = before
        .rsplit("href=\"")
        .next()
        .expect("has a link")
        .replace("&amp;", "&");
    let second = browser.get(&link).await;
    assert_eq!(second.status, 200);
    assert!(second.text.contains("← Previous"), "{}", second.text);
    app.stop().await;
}

#[tokio::test]
async fn the_style_is_a_file_and_unknown_pages_are_none() {
    let app = start().await;
    let style = app.client().get("/admin/style.css").await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert_eq!(app.client().get("/admin/nothing/").await.status, 404);
    app.stop().await;
}
