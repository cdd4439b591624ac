//! The people the load is made of.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http;

const PASSWORD: &str = "Quiet-Harbour-4721";

/// The number of the next person, so that no two of one run are alike.
static NEXT_PERSON: AtomicU64 = AtomicU64::new(1);

/// Somebody who can sign up or sign in.
#[derive(Clone, Debug)]
pub struct Person {
    number: u64,
}

impl Person {
    /// Somebody nobody has been before.
    pub fn next() -> Self {
        Self {
            number: NEXT_PERSON.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn email(&self) -> String {
        format!("person{}@example.com", self.number)
    }

    /// The request that signs this person up.
    pub fn registration(&self, address: SocketAddr) -> Vec<u8> {
        let body = json!({
            "email": self.email(),
            "password": PASSWORD,
            "handle": format!("person{}", self.number),
            "name": format!("Person {}", self.number),
        });
        http::post(address, "/api/v1/auth/register/", None, &body)
    }

    /// The request that signs this person in.
    pub fn login(&self, address: SocketAddr) -> Vec<u8> {
        let body = json!({ "email": self.email(), "password": PASSWORD });
        http::post(address, "/api/v1/auth/login/", None, &body)
    }
}

/// A person the server knows.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user id, as it appears in SQL.
    pub id: String,
    /// The access token.
    pub token: String,
    pub person: Person,
}

/// The part of the server's answer to a registration that is used here.
#[derive(Deserialize)]
struct Registered {
    token: String,
    user: RegisteredUser,
}

#[derive(Deserialize)]
struct RegisteredUser {
    id: Value,
}

/// Registers `count` people over `connections` connections; an error if the server refuses one.
pub async fn register(address: SocketAddr, count: u32, connections: usize) -> Result<Vec<Account>> {
    let people: Vec<Person> = (0..count).map(|_| Person::next()).collect();
    let requests = people.iter().map(|person| person.registration(address)).collect();
    let answers = http::send_all(address, requests, connections)
        .await
        .context("registering accounts")?;
    people
        .into_iter()
        .zip(answers)
        .map(|(person, answer)| {
            read_account(person, &answer).with_context(|| {
                format!(
                    "unexpected answer to a registration: {}",
                    String::from_utf8_lossy(&answer)
                )
            })
        })
        .collect()
}

fn read_account(person: Person, answer: &[u8]) -> Result<Account> {
    let Registered { token, user } = serde_json::from_slice(answer)?;
    let id = match user.id {
        Value::String(id) => id,
        id => id.to_string(),
    };
    Ok(Account { id, token, person })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_numbers_and_strings() {
        for id in ["7164298750001152", "\"7164298750001152\""] {
            let answer = format!(r#"{{"token":"t","refreshToken":"r","user":{{"id":{id}}},"message":""}}"#);
            let account = read_account(Person::next(), answer.as_bytes()).unwrap();
            assert_eq!(
                (account.id.as_str(), account.token.as_str()),
                ("7164298750001152", "t")
            );
        }
    }

    #[test]
    fn no_two_people_are_alike() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        assert_ne!(
            Person::next().registration(address),
            Person::next().registration(address)
        );
    }
}
