//! Looking at words as they are written, for a domain that this one does not know.

use futures::future::BoxFuture;
use platform::{App, db::Tx, id::UserId};
use sea_orm::DbErr;

use crate::Target;

/// Words that somebody has written.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Whether they are a post or a comment.
    pub target: Target,
    /// Which.
    pub id: i64,
    /// Whose they are.
    pub author: UserId,
    /// The words.
    pub text: &'a str,
}

/// Looks at words in the transaction that keeps them; an error undoes it.
pub type Look = for<'a> fn(&'a App, &'a Tx, &'a Written<'a>) -> BoxFuture<'a, Result<(), DbErr>>;

/// The port that another domain plugs itself into, to see every new or changed text of a post or a comment.
#[derive(Clone, Copy)]
pub struct Screen(pub Look);

/// Shows words to whoever is plugged in.
pub async fn show(app: &App, tx: &Tx, written: &Written<'_>) -> Result<(), DbErr> {
    match app.settings::<Screen>() {
        Some(screen) => (screen.0)(app, tx, written).await,
        None => Ok(()),
    }
}
