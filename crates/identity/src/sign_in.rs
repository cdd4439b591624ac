//! The end of a sign-in: an account that has a second factor on is asked for it before a session begins.

use platform::{App, db::Tx, id::UserId};
use sea_orm::EntityTrait as _;
use serde_json::{Map, Value};

use crate::{
    accounts::{AccountError, SignedIn},
    entities::{challenges::Kind, users},
    second_factor::{
        self, FactorError, Method, challenges,
        passkeys::{self, Used},
    },
    sessions::{self, ClientInfo},
    users::own,
};

/// Where a sign-in stands after its first factor.
pub enum SignInOutcome {
    /// A session has begun.
    SignedIn(Box<SignedIn>),
    /// The second factor is needed.
    SecondFactor(PendingSignIn),
}

/// A sign-in that waits for the second factor.
pub struct PendingSignIn {
    /// What the answer must name; five minutes, once.
    pub challenge: String,
    /// What the account has on.
    pub methods: Vec<Method>,
}

/// Finishes the sign-in of an account that has shown its first factor: a password, or a provider's word. The code `otp`, if
/// there is one, is taken as the second.
pub async fn finish(
    app: &App,
    user: UserId,
    otp: Option<&str>,
    client: &ClientInfo,
) -> Result<SignInOutcome, AccountError> {
    let outcome = app
        .db()
        .write(|tx| async move {
            let code = match otp {
                Some(code) if !second_factor::methods(&tx, user).await?.is_empty() => code,
                _ => return Ok::<_, AccountError>(Ok(admit(app, &tx, user, client).await?)),
            };
            if let Err(refusal) = second_factor::take_code(app, &tx, user, code).await? {
                return Ok(Err(refusal));
            }
            let signed_in = begin(app, &tx, user, client).await?;
            Ok(Ok(SignInOutcome::SignedIn(Box::new(signed_in))))
        })
        .await?;
    Ok(outcome.map_err(|refusal| refusal.of("otp"))?)
}

/// [`finish`] without a code, in a transaction that does more.
pub async fn admit(
    app: &App,
    tx: &Tx,
    user: UserId,
    client: &ClientInfo,
) -> Result<SignInOutcome, AccountError> {
    let methods = second_factor::methods(tx, user).await?;
    if !methods.is_empty() {
        let challenge = challenges::open(tx, Kind::SecondFactor, Some(user), None).await?;
        return Ok(SignInOutcome::SecondFactor(PendingSignIn { challenge, methods }));
    }
    let tokens = sessions::open(app, tx, user, client).await?;
    let user = own(tx, user).await?.ok_or(AccountError::InvalidCredentials)?;
    Ok(SignInOutcome::SignedIn(Box::new(SignedIn { tokens, user })))
}

/// Answers the challenge of a sign-in with a code of the authenticator app, or with a recovery code.
pub async fn answer_with_code(
    app: &App,
    challenge: &str,
    code: &str,
    client: &ClientInfo,
) -> Result<SignedIn, AccountError> {
    let (user, _) = attempt(app, challenge).await?;
    let outcome = app
        .db()
        .write(|tx| async move {
            if let Err(refusal) = second_factor::take_code(app, &tx, user, code).await? {
                return Ok::<_, AccountError>(Err(refusal));
            }
            let taken = challenges::take(&tx, Kind::SecondFactor, challenge).await?;
            taken.ok_or(FactorError::ChallengeOver)?;
            Ok(Ok(begin(app, &tx, user, client).await?))
        })
        .await?;
    Ok(outcome.map_err(|refusal| refusal.of("code"))?)
}

/// Answers the challenge of a sign-in with a passkey of the account.
pub async fn answer_with_passkey(
    app: &App,
    challenge: &str,
    credential: Map<String, Value>,
    client: &ClientInfo,
) -> Result<SignedIn, AccountError> {
    let (user, state) = attempt(app, challenge).await?;
    let used = &passkeys::check(app, user, state, credential).await?;
    app.db()
        .write(|tx| async move {
            let taken = challenges::take(&tx, Kind::SecondFactor, challenge).await?;
            taken.ok_or(FactorError::ChallengeOver)?;
            begin_with_passkey(app, &tx, used, client).await
        })
        .await
}

/// Signs in with a passkey alone: it is two factors by itself.
pub async fn with_passkey(
    app: &App,
    challenge_id: &str,
    credential: Map<String, Value>,
    client: &ClientInfo,
) -> Result<SignedIn, AccountError> {
    let used = &passkeys::check_discovered(app, challenge_id, credential).await?;
    app.db()
        .write(|tx| async move { begin_with_passkey(app, &tx, used, client).await })
        .await
}

/// Counts an answer to a challenge, whatever becomes of it, and returns whose sign-in it is.
async fn attempt(app: &App, challenge: &str) -> Result<(UserId, Option<Value>), AccountError> {
    let counted = app
        .db()
        .write(|tx| async move { challenges::attempt(&tx, challenge).await })
        .await?;
    let open = counted.and_then(|open| Some((open.user_id?, open.state)));
    Ok(open.ok_or(FactorError::ChallengeOver)?)
}

async fn begin_with_passkey(
    app: &App,
    tx: &Tx,
    used: &Used,
    client: &ClientInfo,
) -> Result<SignedIn, AccountError> {
    passkeys::mark_used(tx, used).await?;
    begin(app, tx, used.user_id, client).await
}

/// Begins a session of an account that has shown its second factor. It may have been deactivated since the first.
async fn begin(app: &App, tx: &Tx, user: UserId, client: &ClientInfo) -> Result<SignedIn, AccountError> {
    let account = users::Entity::find_by_id(user).one(tx).await?;
    if !account.is_some_and(|account| account.is_active) {
        return Err(AccountError::InvalidCredentials);
    }
    let tokens = sessions::open_with_second_factor(app, tx, user, client).await?;
    let user = own(tx, user).await?.ok_or(AccountError::InvalidCredentials)?;
    Ok(SignedIn { tokens, user })
}
