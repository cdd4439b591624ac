//! Events on their way.

use platform::testing::TestApp;

use crate::support::{eventually, execute, value};

/// Waits until every event has been delivered. What a process had claimed when it ended, or when it lost its connection,
/// it keeps for half a minute: as if that had passed.
pub async fn all_events_are_delivered(app: &TestApp) {
    execute(app, "UPDATE outbox SET due_at = 0 WHERE due_at > 0").await;
    eventually("delivery of every event", async || {
        let waiting: i64 = value(app, "SELECT count(*) FROM outbox").await;
        (waiting == 0).then_some(())
    })
    .await;
}
