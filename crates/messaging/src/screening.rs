//! Looking at messages as they are written, for a domain that this one does not know.

use futures::future::BoxFuture;
use platform::{App, db::Tx, id::UserId};
use sea_orm::DbErr;

/// A message that somebody has written, or written anew.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Which.
    pub id: i64,
    /// Whose it is.
    pub author: UserId,
    /// Its words.
    pub text: &'a str,
}

/// Looks at a message in the transaction that keeps it; an error undoes it.
pub type Look = for<'a> fn(&'a App, &'a Tx, &'a Written<'a>) -> BoxFuture<'a, Result<(), DbErr>>;

/// The port that another domain plugs itself into, to see every new or changed message.
#[derive(Clone, Copy)]
pub struct Screen(pub Look);

/// Shows a message to whoever is plugged in.
pub async fn show(app: &App, tx: &Tx, written: &Written<'_>) -> Result<(), DbErr> {
    match app.settings::<Screen>() {
        Some(screen) => (screen.0)(app, tx, written).await,
        None => Ok(()),
    }
}
