//! Codes of an authenticator app: TOTP (RFC 6238), SHA-1, six digits, steps of 30 seconds, one step early or late.

use anyhow::Context as _;
use chrono::{DateTime, Duration, Utc};
use platform::{App, clock::random_bytes, db::Tx, id::UserId};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _, Statement,
};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::{FactorError, Refusal, Verdict, lock, recovery, tell, tidy};
use crate::{
    entities::authenticators::{self, Column, Entity, Model},
    errors::AccountError,
    events::FactorChange,
};

/// The name that apps show beside the account's.
const ISSUER: &str = "SelfLink";
/// Bytes of a secret: what RFC 4226 recommends.
const SECRET: usize = 20;
/// Most wrong codes of an account within [`WINDOW`]: six digits must not be guessed over many challenges.
const MOST_WRONG: i64 = 10;
/// From the first wrong code.
const WINDOW: Duration = Duration::hours(1);
/// How long an enrolment waits for its first code.
const PENDING: Duration = Duration::minutes(15);

/// What an authenticator app needs.
pub struct Enrolment {
    /// The secret in base32, to be typed.
    pub secret: String,
    /// The same as an `otpauth` URI, to be shown as a QR code.
    pub uri: String,
}

/// Makes a secret for an account. It is not asked for before [`confirm`].
pub async fn start(app: &App, user: UserId) -> Result<Enrolment, AccountError> {
    let secret = random_bytes::<SECRET>();
    let sealed = &app.seal().seal(&context(user), &secret)?;
    let handle = app
        .db()
        .write(|tx| async move {
            let account = lock(&tx, user).await?;
            let text = "INSERT INTO authenticators (user_id, secret, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at \
                 WHERE authenticators.confirmed_at IS NULL";
            let values = [user.0.into(), sealed.clone().into(), tx.now().into()];
            let statement = Statement::from_sql_and_values(tx.get_database_backend(), text, values);
            if tx.execute_raw(statement).await?.rows_affected() == 0 {
                return Err(FactorError::TotpIsOn.into());
            }
            Ok::<_, AccountError>(account.handle)
        })
        .await?;
    let totp = totp(&secret, &handle)?;
    Ok(Enrolment {
        secret: totp.secret().to_base32(),
        uri: totp.to_url().context("the otpauth URI could not be made")?,
    })
}

/// Switches the authenticator app on with its first code and returns the recovery codes.
pub async fn confirm(app: &App, user: UserId, code: &str) -> Result<Vec<String>, AccountError> {
    let outcome = app
        .db()
        .write(|tx| async move {
            lock(&tx, user).await?;
            let pending = find(&tx, user)
                .await?
                .filter(|row| row.confirmed_at.is_none() && tx.now() < row.created_at + PENDING);
            let Some(row) = pending else {
                return Err(FactorError::NothingToConfirm.into());
            };
            if let Err(refusal) = judge(app, &tx, row, code).await? {
                return Ok::<_, AccountError>(Err(refusal));
            }
            let row = authenticators::ActiveModel {
                user_id: Set(user),
                confirmed_at: Set(Some(tx.now())),
                ..Default::default()
            };
            row.update(&tx).await?;
            let codes = recovery::renew(&tx, user).await?;
            tell(&tx, user, FactorChange::TotpAdded).await?;
            Ok(Ok(codes))
        })
        .await?;
    Ok(outcome.map_err(|refusal| refusal.of("code"))?)
}

/// Switches the authenticator app off, for a code of it or a recovery code.
pub async fn remove(app: &App, user: UserId, code: &str) -> Result<(), AccountError> {
    let verdict = app
        .db()
        .write(|tx| async move {
            lock(&tx, user).await?;
            if find(&tx, user)
                .await?
                .is_none_or(|row| row.confirmed_at.is_none())
            {
                return Err(FactorError::TotpIsOff.into());
            }
            let verdict = super::take_code(app, &tx, user, code).await?;
            if verdict.is_ok() {
                Entity::delete_by_id(user).exec(&tx).await?;
                tidy(&tx, user).await?;
                tell(&tx, user, FactorChange::TotpRemoved).await?;
            }
            Ok::<_, AccountError>(verdict)
        })
        .await?;
    Ok(verdict.map_err(|refusal| refusal.of("code"))?)
}

/// Takes a code of the account's authenticator app.
pub async fn take(app: &App, tx: &Tx, user: UserId, code: &str) -> Result<Verdict, AccountError> {
    match find(tx, user).await? {
        Some(row) if row.confirmed_at.is_some() => judge(app, tx, row, code).await,
        _ => Ok(Err(Refusal::Wrong)),
    }
}

/// Held until the end of the transaction: of two requests with one code the second finds it used.
async fn find(tx: &Tx, user: UserId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(user).lock_exclusive().one(tx).await
}

async fn judge(app: &App, tx: &Tx, row: Model, code: &str) -> Result<Verdict, AccountError> {
    if let Some(wait) = pause(&row, tx.now()) {
        return Ok(Err(Refusal::TooMany(wait)));
    }
    let Some(step) = step_of(app, &row, code, tx.now())? else {
        count_wrong(tx, row).await?;
        return Ok(Err(Refusal::Wrong));
    };
    let used = Entity::update_many()
        .col_expr(Column::LastStep, step.into())
        .filter(Column::UserId.eq(row.user_id))
        .filter(Column::LastStep.lt(step))
        .exec(tx)
        .await?;
    if used.rows_affected == 1 {
        return Ok(Ok(()));
    }
    count_wrong(tx, row).await?;
    Ok(Err(Refusal::Wrong))
}

/// The step that a code belongs to.
fn step_of(app: &App, row: &Model, code: &str, now: DateTime<Utc>) -> anyhow::Result<Option<i64>> {
    let Some(secret) = app.seal().open(&context(row.user_id), &row.secret) else {
        tracing::error!(
            "the secret of an authenticator app cannot be opened: SECRET_KEY is not the one that sealed it"
        );
        return Ok(None);
    };
    let digits: String = code.split_whitespace().collect();
    let time = u64::try_from(now.timestamp()).context("the time is before 1970")?;
    let step = totp(&secret, "")?.check(&digits, time);
    Ok(step.map(i64::try_from).transpose()?)
}

/// After how many seconds another code is looked at, if none is now.
fn pause(row: &Model, now: DateTime<Utc>) -> Option<u64> {
    let ends = row.wrong_since? + WINDOW;
    (row.wrong_codes >= MOST_WRONG && now < ends)
        .then(|| u64::try_from((ends - now).num_seconds()).unwrap_or(0) + 1)
}

async fn count_wrong(tx: &Tx, row: Model) -> Result<(), DbErr> {
    let is_same_window = row.wrong_since.is_some_and(|since| tx.now() < since + WINDOW);
    let (count, since) = if is_same_window {
        (row.wrong_codes + 1, row.wrong_since)
    } else {
        (1, Some(tx.now()))
    };
    let mut counted = row.into_active_model();
    counted.wrong_codes = Set(count);
    counted.wrong_since = Set(since);
    counted.update(tx).await.map(drop)
}

fn totp(secret: &[u8], account: &str) -> anyhow::Result<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::new(secret.into()))
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
        .map_err(|error| anyhow::anyhow!("TOTP: {error}"))
}

/// What a secret is sealed for.
fn context(user: UserId) -> String {
    format!("authenticator of {user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1; the last six of its eight digits.
        let totp = totp(b"12345678901234567890", "ann").expect("is made");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.check(code, time), Some(time / 30));
            assert_eq!(totp.check(code, time + 30), Some(time / 30));
            assert_eq!(totp.check(code, time + 60), None);
        }
        assert_eq!(
            totp.to_url().expect("is made"),
            "otpauth://totp/SelfLink:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=SelfLink"
        );
    }
}
