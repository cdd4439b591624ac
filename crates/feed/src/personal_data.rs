//! What this domain keeps about people: which posts reached their timeline.

use futures::FutureExt as _;
use platform::{domain::PersonalData, id::UserId};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};

use crate::sql;

/// Entries go with the account's row, and with the posts that they are about.
pub fn personal_data() -> PersonalData {
    PersonalData {
        export: |app, user| async move { Ok(timeline_of(app.db().reader(), user).await?) }.boxed(),
        remove_files: |_, _| async { Ok(()) }.boxed(),
        erase: |_, _| async { Ok(()) }.boxed(),
    }
}

/// The ids of the posts, newest first: the posts are those of others.
async fn timeline_of(on: &impl ConnectionTrait, user: UserId) -> Result<Value, DbErr> {
    let text = "SELECT post_id FROM timeline WHERE user_id = $1 ORDER BY post_id DESC";
    let rows = sql::all(on, text, [user.0.into()]).await?;
    let ids: Vec<i64> = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;
    Ok(json!({ "timeline": ids }))
}
