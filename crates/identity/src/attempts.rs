//! How often a password may be guessed, without locking anybody out.
//!
//! An attempt counts before its password is looked at, so that many at once are not more than allowed, and is given back
//! when it turns out right. Of all limits only the one over all addresses could keep an owner out because of a stranger, so
//! addresses from which the account has had a session are exempt from it.

use std::net::{IpAddr, Ipv6Addr};

use platform::{
    App,
    limits::{Hit, Rate, Wait},
};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};
use sha2::{Digest as _, Sha256};

use crate::{accounts::email_key, errors::AccountError, sessions::ClientInfo, settings::SignInSettings};

const PAIR: &str = "sign_in_pair";
const ADDRESS: &str = "sign_in_address";
const ACCOUNT: &str = "sign_in_account";

/// An attempt that was counted.
pub struct Attempt<'a> {
    app: &'a App,
    counted: Vec<Counted>,
}

struct Counted {
    scope: &'static str,
    subject: String,
    rate: Rate,
}

impl Counted {
    fn hit(&self) -> Hit<'_> {
        Hit {
            scope: self.scope,
            subject: &self.subject,
            rate: self.rate,
        }
    }
}

/// Counts an attempt at the password of the account with this address, whether or not there is one.
///
/// # Errors
/// [`AccountError::TooManyAttempts`] when it is one too many; it then does not count.
pub async fn begin<'a>(app: &'a App, email: &str, client: &ClientInfo) -> Result<Attempt<'a>, AccountError> {
    let mut attempt = Attempt {
        app,
        counted: Vec::new(),
    };
    let Some(settings) = app.settings::<SignInSettings>() else {
        return Ok(attempt);
    };
    let (account, network) = (account_subject(app, email), network_of(client.address));
    let pair = format!("{account}:{network}");
    let of = |scope, subject: &str, rate: Option<Rate>| {
        rate.map(|rate| Counted {
            scope,
            subject: subject.to_owned(),
            rate,
        })
    };
    let own = [
        of(PAIR, &pair, settings.pair_rate),
        of(ADDRESS, &network, settings.address_rate),
    ];
    attempt.count(own.into_iter().flatten().collect()).await?;
    if let Some(counted) = of(ACCOUNT, &account, settings.account_rate)
        && let Err(refusal) = attempt.count(vec![counted]).await
        && !has_been_there(app, email, &network).await?
    {
        attempt.give_back().await;
        return Err(refusal);
    }
    Ok(attempt)
}

impl Attempt<'_> {
    async fn count(&mut self, counted: Vec<Counted>) -> Result<(), AccountError> {
        let hits: Vec<Hit<'_>> = counted.iter().map(Counted::hit).collect();
        self.app
            .throttles()
            .check(&hits)
            .await
            .map_err(|Wait { seconds }| {
                metrics::counter!("selflink_throttled_total").increment(1);
                AccountError::TooManyAttempts(seconds)
            })?;
        self.counted.extend(counted);
        Ok(())
    }

    /// The password was right, or has not been looked at.
    pub async fn give_back(self) {
        let hits: Vec<Hit<'_>> = self.counted.iter().map(Counted::hit).collect();
        self.app.throttles().give_back(&hits).await;
    }

    /// Gives the attempt back unless the credentials were wrong.
    pub async fn settle<T>(self, outcome: &Result<T, AccountError>) {
        if !matches!(outcome, Err(AccountError::InvalidCredentials)) {
            self.give_back().await;
        }
    }
}

/// Forgets the failures of an account, of all addresses together and of this one.
pub async fn forgive(app: &App, email: &str, client: &ClientInfo) {
    let account = account_subject(app, email);
    let pair = format!("{account}:{}", network_of(client.address));
    app.throttles().forget(ACCOUNT, &account).await;
    app.throttles().forget(PAIR, &pair).await;
}

/// The address of an account as the name of a count: a hash under the instance's key, since counts may be kept in Redis.
pub fn account_subject(app: &App, email: &str) -> String {
    let hash = Sha256::new()
        .chain_update(app.config().signing_key().expose())
        .chain_update([0])
        .chain_update(email_key(email));
    hex::encode(&hash.finalize()[..16])
}

/// Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that a provider gives to one customer.
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from(network))
        }
    }
}

/// Whether a session of the account was opened or used from there.
async fn has_been_there(app: &App, email: &str, network: &str) -> Result<bool, DbErr> {
    let statement = Statement::from_sql_and_values(
        app.db().engine().backend(),
        "SELECT DISTINCT s.address FROM user_pii p JOIN sessions s ON s.user_id = p.user_id WHERE p.email_key = $1",
        [email_key(email).into()],
    );
    for row in app.db().reader().query_all_raw(statement).await? {
        let address: String = row.try_get_by_index(0)?;
        if address
            .parse()
            .is_ok_and(|address| network_of(address) == network)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (address, network) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(
                network_of(address.parse().expect("is an address")),
                network,
                "{address}"
            );
        }
    }
}
