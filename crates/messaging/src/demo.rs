//! A demo conversation, for a first look at a fresh instance.

use identity::DemoAccount;
use platform::{App, id::UserId};

use crate::{errors::MessagingError, sql, threads};

const TITLE: &str = "Demo Chat";
const WELCOME: &str =
    "Welcome! This is where the three of us can talk. Write something, and watch it arrive.";

/// Begins a group of the demo accounts with a word of welcome, unless there is one that the first of them has begun.
pub async fn seed(app: &App, accounts: &[DemoAccount]) -> anyhow::Result<()> {
    let Some((first, others)) = accounts.split_first() else {
        return Ok(());
    };
    let others: &Vec<UserId> = &others.iter().map(|account| account.id).collect();
    if others.is_empty() {
        return Ok(());
    }
    app.db()
        .write(|tx| async move {
            // Two that seed at once come one after the other.
            identity::hold_account(&tx, first.id).await?;
            let text = "SELECT id FROM threads WHERE created_by = $1 AND title = $2";
            let found = sql::ids(&tx, text, [first.id.0.into(), TITLE.into()]).await?;
            if found.is_empty() {
                threads::begin_group(app, &tx, (first.id, others), (TITLE, WELCOME)).await
            } else {
                Ok::<_, MessagingError>(())
            }
        })
        .await?;
    Ok(())
}
