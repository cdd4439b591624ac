//! Many accounts, quickly.

use platform::testing::{Client, TestApp};

use crate::support::{TestUser, execute, field};

/// Adds `count` accounts that have the times of `template` and share three names: ties in every order.
pub async fn crowd(app: &TestApp, template: &TestUser, count: usize) {
    let numbers =
        format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})");
    let text = |of: &str| format!("'{of}' || CAST(n AS TEXT)");
    let users = format!(
        "{numbers} INSERT INTO users (id, handle, name, flags, password, search_text, created_at, updated_at) \
         SELECT id + n, {}, 'Twin ' || CAST(n % 3 AS TEXT), flags, password, 'twin', created_at, updated_at \
         FROM c, users WHERE id = {}",
        text("crowd"),
        template.id
    );
    let personal = format!(
        "{numbers} INSERT INTO user_pii (user_id, email, email_key) SELECT {} + n, {}, {} FROM c",
        template.id,
        text("crowd"),
        text("crowd")
    );
    let settings = format!(
        "{numbers} INSERT INTO user_settings (user_id, quiet_hours) SELECT {} + n, quiet_hours FROM c, user_settings WHERE user_id = {}",
        template.id, template.id
    );
    execute(app, &users).await;
    execute(app, &personal).await;
    execute(app, &settings).await;
}

/// The ids of a whole list, page by page, with what is done between two pages.
pub async fn walk(client: &Client, first: &str, mut between: impl AsyncFnMut()) -> Vec<i64> {
    let (mut seen, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(link) = next {
        let page = client.get(&link).await.expect(200);
        seen.extend(ids(&page));
        next = page["next"].as_str().map(str::to_owned);
        between().await;
        assert!(seen.len() < 2000, "the walk does not end");
    }
    seen
}

pub fn ids(page: &serde_json::Value) -> Vec<i64> {
    field(page, "id").iter().filter_map(|id| id.as_i64()).collect()
}
