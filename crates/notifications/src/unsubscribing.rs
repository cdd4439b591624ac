//! The links with which people end mails without signing in.
//!
//! A link holds the account and the kind of mails, sealed: nobody can make one up, or find out from one whom it is for.
//! It works for as long as the instance keeps its secret.

use platform::{App, id::UserId};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use crate::{
    kinds::Kind,
    preferences::{self, Choice},
};

/// What the links are sealed for.
const CONTEXT: &str = "notifications: unsubscribing";
/// Where a development instance is reached.
const DEVELOPMENT: &str = "http://localhost:8000";

/// Which mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mails {
    /// About single notifications of a kind.
    Of(Kind),
    /// The daily summary.
    Digest,
    /// All of them: in summaries that people get without having asked for them daily.
    All,
}

/// The link that ends such mails to an account; `None` when the instance does not know under which address it is reached
/// (`PUBLIC_BASE_URL`), and so cannot send mails that it must let people end.
pub fn link(app: &App, user: UserId, mails: Mails) -> anyhow::Result<Option<String>> {
    let base = match app.config().http.public_base_url.trim_end_matches('/') {
        "" if app.config().is_production() => return Ok(None),
        "" => DEVELOPMENT,
        base => base,
    };
    let sealed = app.seal().seal(CONTEXT, &serde_json::to_vec(&(user.0, mails))?)?;
    Ok(Some(format!("{base}/api/v1/notifications/unsubscribe/{sealed}/")))
}

/// Whom and which mails a link of ours is about.
pub fn open(app: &App, sealed: &str) -> Option<(UserId, Mails)> {
    let opened = app.seal().open(CONTEXT, sealed)?;
    let (user, mails) = serde_json::from_slice(&opened).ok()?;
    Some((UserId(user), mails))
}

/// Ends such mails; again, or for an account that is gone, changes nothing.
pub async fn end(app: &App, user: UserId, mails: Mails) -> Result<(), DbErr> {
    app.db()
        .write(|tx| async move {
            if identity::existing(&tx, &[user]).await?.is_empty() {
                return Ok(());
            }
            match mails {
                Mails::Of(kind) => {
                    let choice = Choice {
                        email: Some(false),
                        ..Choice::default()
                    };
                    preferences::choose(&tx, user, kind, choice).await
                }
                Mails::Digest => identity::stop_mails(&tx, user, identity::Mailing::Digest).await,
                Mails::All => identity::stop_mails(&tx, user, identity::Mailing::Everything).await,
            }
        })
        .await
}
