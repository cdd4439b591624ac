//! Comments, and replies to them.

use std::collections::HashSet;

use platform::{
    App,
    db::Tx,
    http::{PrimaryKey, Viewer},
    id::UserId,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, json};

use crate::{
    Target,
    attachments::{self, Files, Stored},
    errors::SocialError,
    events::{CommentChanged, CommentCreated, CommentDeleted},
    naming::Naming,
    posts,
    screening::{self, Written},
    sql,
    visibility::{visible, visible_comment},
};

/// A comment and all replies to it, to replies to it, and so on.
const BRANCH: &str = "WITH RECURSIVE branch (id) AS (SELECT id FROM comments WHERE id = $1 UNION ALL \
                      SELECT r.id FROM comments r JOIN branch b ON r.parent_key = b.id)";

/// A comment to be made.
#[derive(Default)]
pub struct NewComment {
    pub post: PrimaryKey,
    pub parent: Option<PrimaryKey>,
    pub text: String,
    pub files: Files,
}

/// Makes a comment on a post that the viewer sees; returns its id.
pub async fn create(app: &App, viewer: &Viewer, comment: NewComment) -> Result<i64, SocialError> {
    let NewComment {
        post,
        parent,
        text,
        files,
    } = comment;
    let is_empty = text.is_empty() && !files.were_sent();
    let wanted = &Place { post, parent };
    // Before any file is stored, and again when nothing can change any more.
    place(app.db().reader(), viewer, wanted, is_empty, "").await?;
    let stored = &attachments::store(app, viewer.id, "comments", files).await?;
    let text = &text;
    app.db()
        .write(|tx| async move {
            let held = sql::held(&tx, "p");
            let (post_id, parent_id) = place(&tx, viewer, wanted, is_empty, &held).await?;
            let row = NewRow {
                post_id,
                parent_id,
                author: viewer.id,
                text,
                stored,
            };
            let id = insert(&tx, &row).await?;
            screening::show(app, &tx, &written(id, viewer.id, text)).await?;
            Ok(id)
        })
        .await
}

fn written(id: i64, author: UserId, text: &str) -> Written<'_> {
    Written {
        target: Target::Comment,
        id,
        author,
        text,
    }
}

/// The row of a comment to be written.
pub struct NewRow<'a> {
    pub post_id: i64,
    pub parent_id: Option<i64>,
    pub author: UserId,
    pub text: &'a str,
    pub stored: &'a Stored,
}

/// Writes a comment on a post that is held, with everything that hangs on it; returns its id.
pub async fn insert(tx: &Tx, row: &NewRow<'_>) -> Result<i64, SocialError> {
    let comment_id = tx.next_id();
    let inserted = "INSERT INTO comments (id, post_id, author_id, parent_id, text, created_at, updated_at) \
                    VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let values = [
        comment_id.into(),
        row.post_id.into(),
        row.author.0.into(),
        row.parent_id.into(),
        row.text.into(),
        tx.now().into(),
    ];
    sql::execute(tx, inserted, values).await?;
    attachments::attach(tx, row.author, (Target::Comment, comment_id), row.stored).await?;
    let naming = Naming {
        target: Target::Comment,
        id: comment_id,
        post_id: row.post_id,
        author: row.author,
    };
    naming.put(tx, row.text).await?;
    count(tx, row.post_id, 1).await?;
    tx.append(&CommentCreated {
        comment_id,
        post_id: row.post_id,
        author_id: row.author,
    })
    .await?;
    naming.tell(tx, &HashSet::new()).await?;
    Ok(comment_id)
}

/// Where a comment is to stand.
struct Place {
    post: PrimaryKey,
    parent: Option<PrimaryKey>,
}

/// Post and parent of a comment that the viewer may make; `held` is the end of the query for the post.
async fn place(
    on: &impl ConnectionTrait,
    viewer: &Viewer,
    wanted: &Place,
    is_empty: bool,
    held: &str,
) -> Result<(i64, Option<i64>), SocialError> {
    let mut refused = Map::new();
    let post = format!(
        "SELECT p.id FROM posts p WHERE p.id = $2 AND {}{held}",
        visible("$1")
    );
    let post_id = find(on, viewer, &post, &wanted.post).await?;
    if post_id.is_none() {
        refused.insert("post".to_owned(), json!([wanted.post.does_not_exist()]));
    }
    let mut parent_id = None;
    if let Some(parent) = &wanted.parent {
        let query = format!(
            "SELECT c.post_id FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $2 AND {}",
            visible_comment("$1")
        );
        parent_id = find(on, viewer, &query, parent).await?;
        if parent_id.is_none() {
            refused.insert("parent".to_owned(), json!([parent.does_not_exist()]));
        }
    }
    let Some(post_id) = post_id.filter(|_| refused.is_empty()) else {
        return Err(SocialError::Fields(refused));
    };
    if is_empty {
        return Err(SocialError::EmptyComment);
    }
    if parent_id.is_some_and(|of_post| of_post != post_id) {
        return Err(SocialError::ForeignParent);
    }
    Ok((post_id, wanted.parent.as_ref().and_then(|parent| parent.id)))
}

async fn find(
    on: &impl ConnectionTrait,
    viewer: &Viewer,
    query: &str,
    wanted: &PrimaryKey,
) -> Result<Option<i64>, DbErr> {
    let Some(id) = wanted.id else { return Ok(None) };
    let row = sql::row(on, query, [viewer.id.0.into(), id.into()]).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Counts comments of a post that is held.
pub async fn count(tx: &Tx, post_id: i64, by: i64) -> Result<(), DbErr> {
    let text = "UPDATE posts SET comment_count = comment_count + $1 WHERE id = $2";
    sql::execute(tx, text, [by.into(), post_id.into()])
        .await
        .map(drop)
}

/// A comment, as far as changing it needs it.
pub struct Found {
    pub id: i64,
    pub post_id: i64,
    pub author: UserId,
    pub text: String,
    pub is_removed: bool,
    is_visible: bool,
}

/// A comment, held until the end of the transaction if `held` says so.
pub async fn load(tx: &Tx, viewer: i64, id: i64, held: &str) -> Result<Option<Found>, DbErr> {
    let query = format!(
        "SELECT c.post_id, c.author_id, c.text, c.removed_at IS NOT NULL, {} \
         FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $2{held}",
        visible_comment("$1")
    );
    let row = sql::row(tx, query, [viewer.into(), id.into()]).await?;
    row.map(|row| {
        Ok(Found {
            id,
            post_id: row.try_get_by_index(0)?,
            author: row.try_get_by_index(1)?,
            text: row.try_get_by_index(2)?,
            is_removed: row.try_get_by_index(3)?,
            is_visible: row.try_get_by_index(4)?,
        })
    })
    .transpose()
}

fn own(found: Option<Found>, viewer: &Viewer) -> Result<Found, SocialError> {
    match found {
        Some(comment) if comment.author == viewer.id => Ok(comment),
        Some(comment) if comment.is_visible => Err(SocialError::NotYours),
        _ => Err(SocialError::Missing(Target::Comment)),
    }
}

/// Gives one's own comment another text; without one nothing changes.
pub async fn change(app: &App, viewer: &Viewer, id: i64, text: Option<&str>) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            let held = sql::held(&tx, "c");
            let comment = own(load(&tx, viewer.id.0, id, &held).await?, viewer)?;
            let Some(text) = text.filter(|text| *text != comment.text) else {
                return Ok(());
            };
            if text.is_empty() && !attachments::exist(&tx, Target::Comment, id).await? {
                return Err(SocialError::EmptyComment);
            }
            let naming = Naming {
                target: Target::Comment,
                id,
                post_id: comment.post_id,
                author: comment.author,
            };
            let told = naming.audience(&tx).await?;
            let changed = "UPDATE comments SET text = $1, edited_at = $2, updated_at = $2 WHERE id = $3";
            sql::execute(&tx, changed, [text.into(), tx.now().into(), id.into()]).await?;
            naming.put(&tx, text).await?;
            screening::show(app, &tx, &written(id, comment.author, text)).await?;
            tx.append(&CommentChanged {
                comment_id: id,
                post_id: comment.post_id,
                author_id: comment.author,
            })
            .await?;
            naming.tell(&tx, &told).await?;
            Ok(())
        })
        .await
}

/// Removes one's own comment for good, with all replies.
pub async fn delete(app: &App, viewer: &Viewer, id: i64) -> Result<(), SocialError> {
    app.db()
        .write(|tx| async move {
            let comment = own(hold(&tx, viewer.id.0, id).await?, viewer)?;
            Ok(remove(&tx, &comment).await?)
        })
        .await
}

/// A comment whose post is held: no reply comes, and no count changes until the end of the transaction.
pub async fn hold(tx: &Tx, viewer: i64, id: i64) -> Result<Option<Found>, DbErr> {
    let Some(comment) = load(tx, viewer, id, "").await? else {
        return Ok(None);
    };
    posts::hold(tx, viewer, comment.post_id).await?;
    // It may have gone while its post was waited for.
    load(tx, viewer, id, "").await
}

/// Removes a comment whose post is held, with all replies, and puts the counter right.
pub async fn remove(tx: &Tx, comment: &Found) -> Result<(), DbErr> {
    let id = || [comment.id.into()];
    let files =
        format!("{BRANCH} SELECT f.file_id FROM branch b JOIN comment_files f ON f.comment_id = b.id");
    let files = attachments::ids(&sql::rows(tx, files, id()).await?)?;
    let removed = format!(
        "{BRANCH} DELETE FROM comments WHERE id IN (SELECT id FROM branch) RETURNING removed_at IS NULL"
    );
    let mut counted = 0;
    for row in sql::rows(tx, removed, id()).await? {
        counted += i64::from(row.try_get_by_index::<bool>(0)?);
    }
    media::release(tx, &files).await?;
    count(tx, comment.post_id, -counted).await?;
    tx.append(&CommentDeleted {
        comment_id: comment.id,
        post_id: comment.post_id,
        author_id: comment.author,
    })
    .await
}

/// Whether the viewer sees the comment.
pub async fn is_visible(on: &impl ConnectionTrait, viewer: i64, id: i64) -> Result<bool, DbErr> {
    let query = format!(
        "SELECT 1 FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.id = $2 AND {}",
        visible_comment("$1")
    );
    Ok(sql::row(on, query, [viewer.into(), id.into()]).await?.is_some())
}
