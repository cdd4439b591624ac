//! Avatars: files that are listed by their owner before they are stored, so that none is ever forgotten.

use chrono::Duration;
use platform::{
    App,
    http::{FileField, Upload},
    id::UserId,
    pictures::{self, Picture},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, SqlErr, sea_query::OnConflict,
};

use crate::{
    entities::{avatars, personal_maps, users},
    errors::AccountError,
};

/// The field of an avatar: a photograph of a telephone's camera has a tenth of that.
pub const FIELD: FileField = FileField::one("avatar_image", 25_000_000);

/// Longest side of an avatar, in pixels; larger ones are scaled down.
const LONGEST_SIDE: u32 = 1024;
/// Where avatars are stored.
const FOLDER: &str = "avatars/";
/// Longest wanted key, percent-encoded. The storage adds nine characters to a name that is taken: no key has more than
/// 100 characters, and a URL of it has room in a photo's 200.
const LONGEST_KEY: usize = 91;
/// How often a key is tried that turns out to be taken.
const ATTEMPTS: usize = 5;
/// Files that nobody refers to are removed when they are older than this. Requests take seconds: a file this old is not
/// one that is being stored at the moment.
const GRACE: Duration = Duration::days(1);
/// Rows that are looked through at a time.
const BATCH: u64 = 500;

/// A picture that can be stored, and the name it should get.
#[derive(Debug)]
pub struct Avatar {
    picture: Picture,
    wanted_key: String,
}

/// Checks an upload; the error is a message for the client.
pub async fn examine(upload: Upload) -> Result<Avatar, String> {
    let examined = pictures::examine(upload, LONGEST_SIDE).await?;
    let wanted_key = wanted_key(&examined.stem, &examined.extension);
    Ok(Avatar {
        picture: examined.picture,
        wanted_key,
    })
}

/// The key for a file of this name.
fn wanted_key(stem: &str, extension: &str) -> String {
    let mut left = LONGEST_KEY - FOLDER.len() - ".".len() - extension.len();
    let clean: String = stem
        .trim()
        .chars()
        .map(|character| if character.is_whitespace() { '_' } else { character })
        .filter(|character| character.is_alphanumeric() || "_-.".contains(*character))
        .collect();
    // What begins with a dot is hidden, and not served.
    let cut: String = clean
        .trim_start_matches('.')
        .chars()
        .take_while(|character| {
            let encoded = if character.is_ascii() {
                1
            } else {
                3 * character.len_utf8()
            };
            let fits = encoded <= left;
            left = left.saturating_sub(encoded);
            fits
        })
        .collect();
    let stem = if cut.is_empty() { "avatar" } else { &cut };
    format!("{FOLDER}{stem}.{extension}")
}

/// Stores an avatar under a key of its own, which it returns. The key is listed before the file is written: a crash in
/// between leaves a row without a file, never a file without a row. Until a personal map refers to the file,
/// [`purge`] would remove it.
pub async fn store(app: &App, user: UserId, avatar: &Avatar) -> Result<String, AccountError> {
    let Avatar { picture, wanted_key } = avatar;
    for attempt in 0..ATTEMPTS {
        let key = if attempt == 0 {
            wanted_key.clone()
        } else {
            with_random_suffix(wanted_key)
        };
        // A row must never name a file of somebody else's, which would go with it.
        if app.storage().exists(&key).await? || !list(app, user, &key).await? {
            continue;
        }
        let (bytes, kind) = (picture.bytes.clone().into(), picture.format.to_mime_type());
        let stored = app.storage().put_new(&key, bytes, kind).await?;
        if stored != key {
            // Somebody wrote there past the list in this very moment.
            list(app, user, &stored).await?;
            unlist(app, &key).await?;
        }
        let listed = avatars::Entity::find_by_id(stored.clone())
            .one(app.db().reader())
            .await?;
        if listed.is_none() {
            // The account was deleted meanwhile, with the row: nobody else would ever remove the file.
            app.storage().delete(&stored).await?;
            return Err(AccountError::NoSuchUser);
        }
        return Ok(stored);
    }
    Err(AccountError::Internal(anyhow::anyhow!(
        "no free name for an avatar after {ATTEMPTS} attempts"
    )))
}

fn with_random_suffix(key: &str) -> String {
    let (stem, extension) = key.rsplit_once('.').unwrap_or((key, ""));
    format!("{stem}_{}.{extension}", platform::clock::random_hex::<4>())
}

/// Adds a key to the list; false if it is there already.
async fn list(app: &App, user: UserId, key: &str) -> Result<bool, AccountError> {
    app.db()
        .write(|tx| async move {
            let row = avatars::ActiveModel {
                key: Set(key.to_owned()),
                user_id: Set(user),
                created_at: Set(tx.now()),
            };
            let written = avatars::Entity::insert(row)
                .on_conflict(OnConflict::column(avatars::Column::Key).do_nothing().to_owned())
                .exec_without_returning(&tx)
                .await;
            match written {
                Ok(rows) => Ok(rows > 0),
                Err(DbErr::RecordNotInserted) => Ok(false),
                Err(error) if matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))) => {
                    Err(AccountError::NoSuchUser)
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
}

async fn unlist(app: &App, key: &str) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move { avatars::Entity::delete_by_id(key.to_owned()).exec(&tx).await })
        .await
        .map(drop)
}

/// The file first: a crash in between leaves a row, by which it is tried again.
async fn remove(app: &App, key: &str) -> Result<(), anyhow::Error> {
    app.storage().delete(key).await?;
    unlist(app, key).await?;
    Ok(())
}

/// Removes every avatar of an account, for its deletion; again changes nothing.
pub async fn remove_all(app: &App, user: UserId) -> anyhow::Result<()> {
    let rows = avatars::Entity::find()
        .filter(avatars::Column::UserId.eq(user))
        .all(app.db().reader())
        .await?;
    for row in rows {
        remove(app, &row.key).await?;
    }
    Ok(())
}

/// Removes a file unless its owner's map or photo refers to it; again changes nothing.
pub async fn remove_unused(app: &App, key: &str) -> anyhow::Result<()> {
    let on = app.db().reader();
    let Some(row) = avatars::Entity::find_by_id(key.to_owned()).one(on).await? else {
        return Ok(());
    };
    if is_used(app, on, &row).await? {
        return Ok(());
    }
    remove(app, key).await
}

async fn is_used(app: &App, on: &impl ConnectionTrait, row: &avatars::Model) -> Result<bool, DbErr> {
    let map = personal_maps::Entity::find_by_id(row.user_id).one(on).await?;
    if map.is_some_and(|map| map.avatar == row.key) {
        return Ok(true);
    }
    let user = users::Entity::find_by_id(row.user_id).one(on).await?;
    // A photo may also have been set to the absolute URL of a file.
    Ok(user.is_some_and(|user| user.photo.ends_with(&app.storage().plain_url(&row.key))))
}

/// Removes the files that nobody refers to: of avatars that were taken away before the photo was changed, and of uploads
/// that came to nothing. Returns how many.
pub async fn purge(app: &App) -> anyhow::Result<usize> {
    let (mut last, mut removed) = (String::new(), 0);
    loop {
        let rows = avatars::Entity::find()
            .filter(avatars::Column::Key.gt(&last))
            .order_by_asc(avatars::Column::Key)
            .limit(BATCH)
            .all(app.db().reader())
            .await?;
        let Some(end) = rows.last() else {
            return Ok(removed);
        };
        last.clone_from(&end.key);
        for row in rows {
            if row.created_at < app.clock().now() - GRACE && !is_used(app, app.db().reader(), &row).await? {
                remove(app, &row.key).await?;
                removed += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        for (stem, expected) in [
            ("me my (1)", "avatars/me_my_1.png"),
            ("x y", "avatars/x_y.png"),
            ("...a.b", "avatars/a.b.png"),
            ("((\0", "avatars/avatar.png"),
            ("სურათი", "avatars/სურათი.png"),
        ] {
            assert_eq!(wanted_key(stem, "png"), expected, "{stem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_key_is_short_and_plain(name: String, long in "[a-zა-ჰ ()]{60,300}") {
            for name in [name, long] {
                let key = wanted_key(pictures::name_of(&format!("{name}.png")).0, "png");
                proptest::prop_assert!(key.chars().count() <= LONGEST_KEY);
                proptest::prop_assert!(key.starts_with("avatars/") && pictures::name_of(&key).1 == "png");
                proptest::prop_assert!(!key["avatars/".len()..].starts_with('.') && !key.contains(['\0', '\\', ' ']));
                proptest::prop_assert_eq!(key.matches('/').count(), 1);
            }
        }
    }
}
