//! Automatic reports of what holds a banned word.

use futures::{FutureExt as _, future::BoxFuture};
use platform::{App, db::Tx, domain::Plug, id::UserId};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::{
    entities::reports::{Status, Target},
    settings::ModerationSettings,
    targets,
};

/// What such a report gives as its reason.
const REASON: &str = "auto_flag:banned_word";
/// How much of the text its notes hold, in characters.
const LONGEST_NOTE: usize = 200;

/// Reports somebody's words to the moderators if a banned word is in them, in the transaction that keeps the words; they are
/// published all the same. One report for each target: repeating it, also at once, changes nothing. Returns whether there is
/// a new one.
pub async fn flag_if_banned(
    app: &App,
    tx: &Tx,
    author: UserId,
    (target, id): (Target, i64),
    text: &str,
) -> Result<bool, DbErr> {
    let is_banned = app
        .settings::<ModerationSettings>()
        .is_some_and(|settings| settings.banned_words.are_in(text));
    if !is_banned {
        return Ok(false);
    }
    let status: &str = Status::InReview.into();
    let values = [
        tx.next_id().into(),
        author.0.into(),
        target.name().into(),
        id.into(),
        REASON.into(),
        status.into(),
        text.chars().take(LONGEST_NOTE).collect::<String>().into(),
        targets::cut(text).into(),
        tx.now().into(),
    ];
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        "INSERT INTO reports (id, reporter_id, target_type, target_id, subject_id, reason, status, notes, is_automatic, \
         snapshot, created_at, updated_at) VALUES ($1, $2, $3, $4, $2, $5, $6, $7, TRUE, $8, $9, $9) \
         ON CONFLICT (reporter_id, target_type, target_id) WHERE is_automatic DO NOTHING",
        values,
    );
    let is_new = tx.execute_raw(statement).await?.rows_affected() == 1;
    if is_new {
        metrics::counter!("selflink_reports_total", "target" => target.name(), "by" => "banned_word")
            .increment(1);
    }
    Ok(is_new)
}

/// Looks at posts and comments as they are written.
pub struct Posts;

impl Plug for Posts {
    type Port = social::Screen;

    fn port() -> social::Screen {
        social::Screen(|app, tx, written| {
            let target = match written.target {
                social::Target::Post => Target::Post,
                social::Target::Comment => Target::Comment,
            };
            look(app, tx, (written.author, target, written.id), written.text)
        })
    }
}

/// Looks at messages as they are written.
pub struct Messages;

impl Plug for Messages {
    type Port = messaging::Screen;

    fn port() -> messaging::Screen {
        messaging::Screen(|app, tx, written| {
            look(
                app,
                tx,
                (written.author, Target::Message, written.id),
                written.text,
            )
        })
    }
}

fn look<'a>(
    app: &'a App,
    tx: &'a Tx,
    (author, target, id): (UserId, Target, i64),
    text: &'a str,
) -> BoxFuture<'a, Result<(), DbErr>> {
    flag_if_banned(app, tx, author, (target, id), text)
        .map(|flagged| flagged.map(drop))
        .boxed()
}
