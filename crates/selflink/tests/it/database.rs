//! What tests ask the database of an instance directly.

use platform::testing::TestApp;
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::program::eventually;

/// The number `n` that a query gives.
pub async fn number(app: &TestApp, text: &str) -> i64 {
    let db = app.app.db();
    let statement = Statement::from_string(db.engine().backend(), text);
    let row = db.reader().query_one_raw(statement).await.expect("is asked");
    row.expect("a row").try_get("", "n").expect("a number")
}

/// Waits until every event has been delivered. What a process had claimed when it ended, or when it lost its connection,
/// it keeps for half a minute: as if that had passed.
pub async fn all_events_are_delivered(app: &TestApp) {
    app.app
        .db()
        .write(|tx| async move {
            tx.execute_unprepared("UPDATE outbox SET due_at = 0 WHERE due_at > 0")
                .await?;
            Ok::<_, DbErr>(())
        })
        .await
        .expect("the claims end");
    eventually("the outbox is empty", async || {
        (number(app, "SELECT count(*) AS n FROM outbox").await == 0).then_some(())
    })
    .await;
}
