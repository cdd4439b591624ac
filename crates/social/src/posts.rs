//! Posts.

use platform::{App, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::events::PostCreated;

/// A post to be made.
#[derive(Debug, Clone)]
pub struct NewPost {
    pub text: String,
    pub visibility: Visibility,
    pub language: String,
}

/// Who may see a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// The author and who follows them.
    Followers,
    /// The author.
    Private,
}

/// Makes a post; returns its id.
pub async fn create(app: &App, author: UserId, post: &NewPost) -> Result<i64, DbErr> {
    app.db()
        .write(|tx| async move {
            let post_id = tx.next_id();
            let text = "INSERT INTO posts (id, author_id, text, visibility, language, created_at, updated_at) \
                        VALUES ($1, $2, $3, $4, $5, $6, $6)";
            let values = [
                post_id.into(),
                author.0.into(),
                post.text.as_str().into(),
                <&str>::from(post.visibility).into(),
                post.language.as_str().into(),
                tx.now().into(),
            ];
            tx.execute_raw(Statement::from_sql_and_values(
                tx.get_database_backend(),
                text,
                values,
            ))
            .await?;
            identity::count_posts(&tx, author, 1).await?;
            tx.append(&PostCreated {
                post_id,
                author_id: author,
            })
            .await?;
            Ok(post_id)
        })
        .await
}
