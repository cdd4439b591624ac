//! Posts.

use std::collections::HashSet;

use platform::{App, db::Tx, http::Viewer, id::UserId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    Target, Visibility,
    attachments::{self, Files, Stored},
    errors::SocialError,
    events::{PostChanged, PostCreated, PostDeleted},
    naming::Naming,
    screening::{self, Written},
    sql,
    visibility::visible,
};

/// A post to be made.
#[derive(Default)]
pub struct NewPost {
    pub text: String,
    pub visibility: Visibility,
    pub language: String,
    /// Records of media; those that are not the author's are left out.
    pub media_ids: Vec<i64>,
    pub files: Files,
}

/// What becomes of a post; what is `None` stays.
#[derive(Debug, Default)]
pub struct PostChange {
    pub text: Option<String>,
    pub visibility: Option<Visibility>,
    pub language: Option<String>,
}

/// The row of a post to be written.
pub struct NewRow<'a> {
    pub author: UserId,
    pub text: &'a str,
    pub visibility: Visibility,
    pub language: &'a str,
    pub repost_of: Option<i64>,
    pub stored: &'a Stored,
    pub media_ids: &'a [i64],
}

/// Makes a post; returns its id.
pub async fn create(app: &App, author: UserId, post: NewPost) -> Result<i64, SocialError> {
    let stored = &attachments::store(app, author, "posts", post.files).await?;
    let row = &NewRow {
        author,
        text: &post.text,
        visibility: post.visibility,
        language: &post.language,
        repost_of: None,
        stored,
        media_ids: &post.media_ids,
    };
    app.db()
        .write(|tx| async move {
            let id = insert(&tx, row).await?;
            screening::show(app, &tx, &written(id, author, row.text)).await?;
            Ok(id)
        })
        .await
}

/// A post's words as those see them who look at what is written.
pub fn written(id: i64, author: UserId, text: &str) -> Written<'_> {
    Written {
        target: Target::Post,
        id,
        author,
        text,
    }
}

/// Writes a post with everything that hangs on it; returns its id.
pub async fn insert(tx: &Tx, row: &NewRow<'_>) -> Result<i64, SocialError> {
    let post_id = tx.next_id();
    let text = "INSERT INTO posts (id, author_id, text, visibility, language, has_video, repost_of, is_plain_repost, \
                created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    let is_plain_repost = row.repost_of.is_some() && row.text.is_empty();
    let values = [
        post_id.into(),
        row.author.0.into(),
        row.text.into(),
        <&str>::from(row.visibility).into(),
        row.language.into(),
        row.stored.has_video.into(),
        row.repost_of.into(),
        is_plain_repost.into(),
        tx.now().into(),
    ];
    sql::execute(tx, text, values).await?;
    attachments::attach(tx, row.author, (Target::Post, post_id), row.stored).await?;
    attachments::attach_assets(tx, row.author, post_id, row.media_ids).await?;
    let naming = Naming {
        target: Target::Post,
        id: post_id,
        post_id,
        author: row.author,
    };
    naming.put(tx, row.text).await?;
    identity::count_posts(tx, row.author, 1).await?;
    tx.append(&PostCreated {
        post_id,
        author_id: row.author,
    })
    .await?;
    naming.tell(tx, &HashSet::new()).await?;
    Ok(post_id)
}

/// A post that is held until the end of the transaction.
pub struct Held {
    pub id: i64,
    pub author: UserId,
    pub text: String,
    pub visibility: String,
    pub language: String,
    pub repost_of: Option<i64>,
    pub is_plain_repost: bool,
    pub is_removed: bool,
    /// Whether the viewer sees it.
    pub is_visible: bool,
}

impl Held {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            author: row.try_get_by_index(1)?,
            text: row.try_get_by_index(2)?,
            visibility: row.try_get_by_index(3)?,
            language: row.try_get_by_index(4)?,
            repost_of: row.try_get_by_index(5)?,
            is_plain_repost: row.try_get_by_index(6)?,
            is_removed: row.try_get_by_index(7)?,
            is_visible: row.try_get_by_index(8)?,
        })
    }

    pub fn is_public(&self) -> bool {
        self.visibility == <&str>::from(Visibility::Public)
    }

    fn naming(&self) -> Naming {
        Naming {
            target: Target::Post,
            id: self.id,
            post_id: self.id,
            author: self.author,
        }
    }
}

/// Holds a post, and the one that it passes on before it: whoever changes the counters of both does so in this order.
pub async fn hold(tx: &Tx, viewer: i64, id: i64) -> Result<Option<Held>, DbErr> {
    let found = sql::row(tx, "SELECT repost_of FROM posts WHERE id = $1", [id.into()]).await?;
    let Some(row) = found else { return Ok(None) };
    let original: Option<i64> = row.try_get_by_index(0)?;
    let query = format!(
        "SELECT p.id, p.author_id, p.text, p.visibility, p.language, p.repost_of, p.is_plain_repost, \
         p.removed_at IS NOT NULL, {} FROM posts p WHERE p.id IN ($2, $3) ORDER BY p.id{}",
        visible("$1"),
        sql::held(tx, "p")
    );
    let values = [viewer.into(), id.into(), original.unwrap_or(id).into()];
    for row in &sql::rows(tx, query, values).await? {
        let held = Held::read(row)?;
        if held.id == id {
            return Ok(Some(held));
        }
    }
    Ok(None)
}

/// Holds a post that the viewer sees.
pub async fn hold_visible(tx: &Tx, viewer: &Viewer, id: i64) -> Result<Held, SocialError> {
    hold(tx, viewer.id.0, id)
        .await?
        .filter(|post| post.is_visible)
        .ok_or(SocialError::Missing(Target::Post))
}

/// Holds a post of the viewer's own.
async fn hold_own(tx: &Tx, viewer: &Viewer, id: i64) -> Result<Held, SocialError> {
    match hold(tx, viewer.id.0, id).await? {
        Some(post) if post.author == viewer.id => Ok(post),
        Some(post) if post.is_visible => Err(SocialError::NotYours),
        _ => Err(SocialError::Missing(Target::Post)),
    }
}

/// Changes one's own post.
pub async fn change(app: &App, viewer: &Viewer, id: i64, change: &PostChange) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            let post = hold_own(&tx, viewer, id).await?;
            let text = change.text.as_deref().unwrap_or(&post.text);
            let visibility = match change.visibility {
                Some(visibility) => visibility.into(),
                None => post.visibility.as_str(),
            };
            let language = change.language.as_deref().unwrap_or(&post.language);
            let (is_new_text, is_new_audience) = (text != post.text, visibility != post.visibility);
            if is_new_text {
                check_text(&tx, &post, text).await?;
            } else if !is_new_audience && language == post.language {
                return Ok(());
            }
            let told = post.naming().audience(&tx).await?;
            let changed = "UPDATE posts SET text = $1, visibility = $2, language = $3, updated_at = $4, \
                           edited_at = CASE WHEN $5 THEN $4 ELSE edited_at END WHERE id = $6";
            let values = [
                text.into(),
                visibility.into(),
                language.into(),
                tx.now().into(),
                is_new_text.into(),
                id.into(),
            ];
            sql::execute(&tx, changed, values).await?;
            if is_new_text {
                post.naming().put(&tx, text).await?;
                screening::show(app, &tx, &written(id, post.author, text)).await?;
            }
            tx.append(&PostChanged {
                post_id: id,
                author_id: post.author,
            })
            .await?;
            post.naming().tell(&tx, &told).await?;
            Ok(())
        })
        .await
}

/// Whether a post may get this text.
async fn check_text(tx: &Tx, post: &Held, text: &str) -> Result<(), SocialError> {
    if post.is_plain_repost {
        let message = "A repost has no text of its own: write a quote instead.";
        return Err(SocialError::field("text", message));
    }
    if text.is_empty() && !attachments::exist(tx, Target::Post, post.id).await? {
        return Err(SocialError::field("text", "This field may not be blank."));
    }
    Ok(())
}

/// Removes one's own post for good.
pub async fn delete(app: &App, viewer: &Viewer, id: i64) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            let post = hold_own(&tx, viewer, id).await?;
            Ok(remove(&tx, &post).await?)
        })
        .await
}

/// Removes a post that is held, with everything that hangs on it, and puts the counters right.
pub async fn remove(tx: &Tx, post: &Held) -> Result<(), DbErr> {
    let files = "SELECT file_id FROM post_files WHERE post_id = $1 UNION ALL \
                 SELECT f.file_id FROM comments c JOIN comment_files f ON f.comment_id = c.id WHERE c.post_id = $1";
    let files = attachments::ids(&sql::rows(tx, files, [post.id.into()]).await?)?;
    sql::execute(tx, "DELETE FROM posts WHERE id = $1", [post.id.into()]).await?;
    media::release(tx, &files).await?;
    if !post.is_removed {
        count(tx, post, -1).await?;
    }
    tx.append(&PostDeleted {
        post_id: post.id,
        author_id: post.author,
    })
    .await
}

/// Counts a post that comes or goes where it is counted: with its author, and with the one that it passes on.
pub async fn count(tx: &Tx, post: &Held, by: i64) -> Result<(), DbErr> {
    if let Some(original) = post.repost_of {
        count_repost(tx, original, by).await?;
    }
    identity::count_posts(tx, post.author, by).await
}

/// Counts a repost of a post that is held; one that is gone is counted no more.
pub async fn count_repost(tx: &Tx, original: i64, by: i64) -> Result<(), DbErr> {
    let text = "UPDATE posts SET repost_count = repost_count + $1 WHERE id = $2";
    sql::execute(tx, text, [by.into(), original.into()])
        .await
        .map(drop)
}

/// Whether the viewer sees the post.
pub async fn is_visible(on: &impl ConnectionTrait, viewer: i64, id: i64) -> Result<bool, DbErr> {
    let query = format!("SELECT 1 FROM posts p WHERE p.id = $2 AND {}", visible("$1"));
    Ok(sql::row(on, query, [viewer.into(), id.into()]).await?.is_some())
}
