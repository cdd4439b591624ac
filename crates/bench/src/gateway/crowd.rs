//! People with a session each, made by the database itself.

use anyhow::{Context, Result};
use platform::auth::{TokenKind, Tokens};
use platform::clock::Clock;
use platform::config::{Config, Environment};
use platform::id::UserId;

use super::site::Site;
use crate::account;
use crate::database::Database;
use crate::scenario::crowd;
use crate::server::TOKEN_SETTINGS;

/// One of the crowd.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user id.
    pub id: u32,
    /// The access token.
    pub token: String,
}

/// Makes so many people, whose ids count from 1, each with a session of its own.
pub async fn gather(site: &Site, database: &Database, count: u32) -> Result<Vec<Member>> {
    let registered = account::register(site.api, 1, 1).await?;
    let id = &registered.first().context("nobody was registered")?.id;
    let numbers = crowd::numbers(count);
    let sql = format!(
        "{} {numbers} INSERT INTO sessions (id, user_id, refresh_jti, previous_jti, created_at, rotated_at, expires_at, \
         address, user_agent, second_factor) \
         SELECT n, n, 'crowd' || CAST(n AS TEXT), '', created_at, rotated_at, expires_at, \
         address, user_agent, second_factor FROM c, sessions WHERE user_id = {id};",
        crowd::accounts(count, id, "0")
    );
    database.execute(&sql).await?;
    database.analyze().await?;
    let tokens = tokens()?;
    (1..=count).map(|id| member(&tokens, id)).collect()
}

/// What signs tokens as the server under test does.
fn tokens() -> Result<Tokens> {
    let environment = TOKEN_SETTINGS
        .iter()
        .fold(Environment::default(), |environment, (name, value)| {
            environment.with(name, *value)
        });
    let config = Config::read(&environment)?;
    Ok(Tokens::new(config.signing_key(), &config.tokens))
}

fn member(tokens: &Tokens, id: u32) -> Result<Member> {
    let (user, now) = (UserId(id.into()), Clock::system().now());
    let (token, _) = tokens.issue(TokenKind::Access, user, id.into(), now)?;
    Ok(Member { id, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_the_person_and_its_session() {
        let tokens = tokens().unwrap();
        let member = member(&tokens, 7).unwrap();
        let claims = tokens
            .verify(&member.token, TokenKind::Access, Clock::system().now())
            .unwrap();
        assert_eq!((claims.user_id, claims.sid), (UserId(7), 7));
    }
}
