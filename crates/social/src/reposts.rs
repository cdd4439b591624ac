//! Passing posts on: plainly, once per person and post, or with words (a quote).

use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::DbErr;

use crate::{
    Target, Visibility,
    attachments::Stored,
    errors::SocialError,
    events::PostReposted,
    posts::{self, Held, NewRow},
    screening, sql,
};

/// How a post is passed on.
#[derive(Debug, Default)]
pub struct NewRepost {
    /// Empty for a plain repost.
    pub text: String,
    pub visibility: Visibility,
    pub language: String,
}

/// Passes a public post on; a plain repost is passed on as what it passes on itself. Returns the id of the new post, or that
/// of the viewer's plain repost which is there already, and whether it is new.
pub async fn create(
    app: &App,
    viewer: &Viewer,
    post_id: i64,
    repost: &NewRepost,
) -> Result<(i64, bool), SocialError> {
    app.db()
        .write(|tx| async move {
            let original = original(&tx, viewer, post_id).await?;
            if !original.is_public() || original.is_removed {
                return Err(SocialError::NotPublic);
            }
            if repost.text.is_empty()
                && let Some(id) = plain(&tx, viewer.id, original.id).await?
            {
                return Ok((id, false));
            }
            let row = NewRow {
                author: viewer.id,
                text: &repost.text,
                visibility: repost.visibility,
                language: &repost.language,
                repost_of: Some(original.id),
                stored: &Stored::default(),
                media_ids: &[],
            };
            let repost_id = posts::insert(&tx, &row).await?;
            screening::show(app, &tx, &posts::written(repost_id, viewer.id, &repost.text)).await?;
            posts::count_repost(&tx, original.id, 1).await?;
            tx.append(&PostReposted {
                post_id: original.id,
                author_id: original.author,
                repost_id,
                user_id: viewer.id,
            })
            .await?;
            Ok((repost_id, true))
        })
        .await
}

/// What is passed on when this post is: held, so that it is passed on by one request at a time.
async fn original(tx: &Tx, viewer: &Viewer, id: i64) -> Result<Held, SocialError> {
    let post = posts::hold_visible(tx, viewer, id).await?;
    match post.repost_of {
        Some(original) if post.is_plain_repost => posts::hold_visible(tx, viewer, original).await,
        _ => Ok(post),
    }
}

/// The plain repost of a post by somebody, if there is one.
async fn plain(tx: &Tx, user: UserId, original: i64) -> Result<Option<i64>, DbErr> {
    let query = "SELECT id FROM posts WHERE author_id = $1 AND repost_of = $2 AND is_plain_repost";
    let row = sql::row(tx, query, [user.0.into(), original.into()]).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Removes the viewer's plain repost of a post; again changes nothing. Returns how often the post is passed on.
pub async fn delete(app: &App, viewer: &Viewer, post_id: i64) -> Result<i64, SocialError> {
    app.db()
        .write(|tx| async move {
            // Not `original`: one's own repost is also to be taken back when the post is not to be seen any more.
            let post = posts::hold(&tx, viewer.id.0, post_id).await?;
            let original = match &post {
                Some(post) if post.is_plain_repost => post.repost_of,
                _ => None,
            };
            let original = original.unwrap_or(post_id);
            match plain(&tx, viewer.id, original).await? {
                Some(id) => {
                    if let Some(repost) = posts::hold(&tx, viewer.id.0, id).await? {
                        posts::remove(&tx, &repost).await?;
                    }
                }
                None if !post.is_some_and(|post| post.is_visible) => {
                    return Err(SocialError::Missing(Target::Post));
                }
                None => {}
            }
            let query = "SELECT repost_count FROM posts WHERE id = $1";
            let row = sql::row(&tx, query, [original.into()]).await?;
            Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
        })
        .await
}
