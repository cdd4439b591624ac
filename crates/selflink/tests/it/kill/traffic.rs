//! Clients that write, and remember what was acknowledged.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use platform::testing::Client;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::support::PASSWORD;

/// The server was killed before its answer was complete: nobody knows whether it wrote.
pub struct Killed;

/// What a writer knows of an account that it registered.
pub struct Account {
    pub id: i64,
    pub email: String,
    pub handle: String,
    access: String,
    /// The last refresh token that was received.
    pub refresh: String,
    /// Whether it was exchanged without an answer: then it works for a moment only, and goes first.
    refresh_is_open: bool,
    /// The number of the last profile change that was sent, and of the last that was acknowledged.
    pub sent: u32,
    pub held: u32,
    /// How many profile changes were acknowledged.
    pub changes: i64,
    /// Whom it follows, as acknowledged; `None`: the answer was lost.
    pub follows: BTreeMap<i64, Option<bool>>,
    /// Whom it mutes, likewise.
    pub mutes: BTreeMap<i64, Option<bool>>,
}

/// One client with accounts of its own; it sends one request at a time.
pub struct Writer {
    number: usize,
    chance: StdRng,
    registrations: u32,
    pub accounts: Vec<Account>,
    /// Accounts whose deletion was acknowledged.
    pub left: Vec<i64>,
    /// How many writes of all writers were acknowledged.
    acknowledged: Arc<AtomicUsize>,
}

/// What profile change number `number` sets: all of it or nothing must be there.
pub fn profile(number: u32) -> Value {
    json!({
        "name": format!("Name {number}"),
        "bio": number.to_string(),
        "settings": { "language": format!("l{number}"), "quiet_hours": { "start": format!("0{}:00", number % 10) } },
    })
}

impl Writer {
    pub fn new(number: usize, seed: u64, acknowledged: Arc<AtomicUsize>) -> Self {
        Self {
            number,
            chance: StdRng::seed_from_u64(seed),
            registrations: 0,
            accounts: Vec::new(),
            left: Vec::new(),
            acknowledged,
        }
    }

    /// Writes until the server is gone.
    pub async fn write_until_killed(mut self, url: String) -> Self {
        let client = Client::new(&url);
        let _killed = async {
            self.settle_refreshes(&client).await?;
            loop {
                self.write(&client).await?;
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            #[expect(unreachable_code, reason = "names the type of the error")]
            Ok::<(), Killed>(())
        }
        .await;
        self
    }

    /// Exchanges every token whose last exchange was not answered.
    pub async fn settle_refreshes(&mut self, client: &Client) -> Result<(), Killed> {
        for account in &mut self.accounts {
            if account.refresh_is_open {
                refresh(account, client).await?;
            }
        }
        Ok(())
    }

    async fn write(&mut self, client: &Client) -> Result<(), Killed> {
        let kind = self.chance.random_range(0..12);
        if self.accounts.len() < 2 || kind == 0 {
            let account = self.register(client).await?;
            self.accounts.push(account);
            return Ok(());
        }
        if kind == 11 {
            return self.register_and_leave(client).await;
        }
        let which = self.chance.random_range(0..self.accounts.len());
        let others: Vec<i64> = self.accounts.iter().map(|account| account.id).collect();
        let account = &mut self.accounts[which];
        match kind {
            1..=4 => change_profile(account, client).await,
            5..=7 => {
                let other = *others.choose(&mut self.chance).expect("there are accounts");
                if other == account.id {
                    return change_profile(account, client).await;
                }
                let follows = self.chance.random();
                follow(account, other, follows, client).await
            }
            8 => {
                let other = *others.choose(&mut self.chance).expect("there are accounts");
                if other == account.id {
                    return change_profile(account, client).await;
                }
                let mutes = self.chance.random();
                mute(account, other, mutes, client).await
            }
            _ => refresh(account, client).await,
        }
    }

    /// Makes an account that follows another, and has it deleted.
    async fn register_and_leave(&mut self, client: &Client) -> Result<(), Killed> {
        let mut account = self.register(client).await?;
        follow(&mut account, self.accounts[0].id, true, client).await?;
        let body = json!({ "password": PASSWORD });
        let client = client.with_token(&account.access);
        send(&client, "POST", "me/account/delete/", Some(&body), 202).await?;
        self.left.push(account.id);
        Ok(())
    }

    async fn register(&mut self, client: &Client) -> Result<Account, Killed> {
        self.registrations += 1;
        let handle = format!("w{}_{}", self.number, self.registrations);
        let email = format!("{handle}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "handle": handle, "name": "Name 0" });
        let answer = send(client, "POST", "auth/register/", Some(&body), 201).await?;
        Ok(Account {
            id: answer["user"]["id"].as_i64().expect("a number"),
            email,
            handle,
            access: text(&answer["token"]),
            refresh: text(&answer["refreshToken"]),
            refresh_is_open: false,
            sent: 0,
            held: 0,
            changes: 0,
            follows: BTreeMap::new(),
            mutes: BTreeMap::new(),
        })
    }
}

async fn change_profile(account: &mut Account, client: &Client) -> Result<(), Killed> {
    account.sent += 1;
    let body = profile(account.sent);
    let client = client.with_token(&account.access);
    send(&client, "PATCH", "users/me/", Some(&body), 200).await?;
    account.held = account.sent;
    account.changes += 1;
    Ok(())
}

async fn follow(account: &mut Account, other: i64, follows: bool, client: &Client) -> Result<(), Killed> {
    account.follows.insert(other, None);
    let method = if follows { "POST" } else { "DELETE" };
    let path = format!("users/{other}/follow/");
    let answer = send(&client.with_token(&account.access), method, &path, None, 200).await?;
    assert_eq!(answer["following"], follows);
    account.follows.insert(other, Some(follows));
    Ok(())
}

async fn mute(account: &mut Account, other: i64, mutes: bool, client: &Client) -> Result<(), Killed> {
    account.mutes.insert(other, None);
    let method = if mutes { "POST" } else { "DELETE" };
    let path = format!("users/{other}/mute/");
    let answer = send(&client.with_token(&account.access), method, &path, None, 200).await?;
    assert_eq!(answer["muted"], mutes);
    account.mutes.insert(other, Some(mutes));
    Ok(())
}

async fn refresh(account: &mut Account, client: &Client) -> Result<(), Killed> {
    account.refresh_is_open = true;
    let body = json!({ "refresh": account.refresh });
    let answer = send(client, "POST", "auth/refresh/", Some(&body), 200).await?;
    account.access = text(&answer["token"]);
    account.refresh = text(&answer["refreshToken"]);
    account.refresh_is_open = false;
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Sends a request and expects `status`. A refused connection or a torn answer is the kill.
async fn send(
    client: &Client,
    method: &str,
    path: &str,
    body: Option<&Value>,
    status: u16,
) -> Result<Value, Killed> {
    let answer = client.try_send(method, path, body).await.map_err(|_| Killed)?;
    Ok(answer.expect(status))
}
