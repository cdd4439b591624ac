//! Background work of this domain.

use platform::{
    App,
    jobs::{Enqueue, Job},
    outbox::Event,
};
use serde::{Deserialize, Serialize};

use crate::{events::PostDeleted, posts, sql};

/// Plain reposts that are removed in a transaction.
const BATCH: u32 = 50;

/// Has what only passed a post on removed with it.
pub async fn post_deleted(app: App, event: Event) -> anyhow::Result<()> {
    let PostDeleted { post_id, .. } = event.read()?;
    let options = Enqueue {
        key: Some(event.id.to_string()),
        ..Enqueue::default()
    };
    app.jobs().enqueue(&RemoveReposts { post_id }, options).await
}

/// Removes the plain reposts of a post that is gone. Until then nobody sees them.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveReposts {
    /// The post.
    post_id: i64,
}

impl Job for RemoveReposts {
    const NAME: &'static str = "social.remove_reposts";

    async fn run(self, app: App) -> anyhow::Result<()> {
        let post_id = self.post_id;
        let query = &format!(
            "SELECT id FROM posts WHERE repost_of = $1 AND is_plain_repost ORDER BY id LIMIT {BATCH}"
        );
        loop {
            let removed = app
                .db()
                .write(|tx| async move {
                    let rows = sql::rows(&tx, query.as_str(), [post_id.into()]).await?;
                    for row in &rows {
                        if let Some(repost) = posts::hold(&tx, 0, row.try_get_by_index(0)?).await? {
                            posts::remove(&tx, &repost).await?;
                        }
                    }
                    Ok::<_, sea_orm::DbErr>(rows.len())
                })
                .await?;
            if removed == 0 {
                return Ok(());
            }
        }
    }
}
