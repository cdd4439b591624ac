//! Posts that people keep for later; nobody else is told.

use platform::{App, http::Viewer};

use crate::{Target, errors::SocialError, posts, sql};

/// Keeps a post that the viewer sees; again changes nothing.
pub async fn keep(app: &App, viewer: &Viewer, post_id: i64) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            if !posts::is_visible(&tx, viewer.id.0, post_id).await? {
                return Err(SocialError::Missing(Target::Post));
            }
            let text = "INSERT INTO bookmarks (user_id, post_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let values = [viewer.id.0.into(), post_id.into(), tx.now().into()];
            sql::execute(&tx, text, values).await?;
            Ok(())
        })
        .await
}

/// Keeps it no longer, also when it is not to be seen any more; again changes nothing.
pub async fn give_up(app: &App, viewer: &Viewer, post_id: i64) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            let text = "DELETE FROM bookmarks WHERE user_id = $1 AND post_id = $2";
            let removed = sql::execute(&tx, text, [viewer.id.0.into(), post_id.into()]).await?;
            if removed == 0 && !posts::is_visible(&tx, viewer.id.0, post_id).await? {
                return Err(SocialError::Missing(Target::Post));
            }
            Ok(())
        })
        .await
}
