//! The end of a sign-in: an account that has a second factor on is asked for it before a session begins.

use platform::{App, auth::UNUSABLE, db::Tx, id::UserId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, Statement,
};
use serde_json::{Map, Value};

use crate::{
    accounts::{self, SignedIn},
    entities::{challenges::Kind, users},
    errors::AccountError,
    restraints,
    second_factor::{
        self, FactorError, Method, challenges,
        passkeys::{self, Used},
    },
    sessions::{self, ClientInfo},
    users::own,
};

/// How often a password is checked whose stored form has changed between the check and the session: by the upgrade of a
/// concurrent sign-in, perhaps.
const ATTEMPTS: usize = 3;

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

/// Signs an account in with its password, and with a code (`otp`) if it has a second factor on. Takes as long for an unknown
/// address as for a wrong password.
pub async fn with_password(
    app: &App,
    (email, password): (&str, &str),
    otp: Option<&str>,
    client: &ClientInfo,
) -> Result<SignInOutcome, AccountError> {
    for _ in 0..ATTEMPTS {
        let account = &check_password(app, email, password).await?;
        if let Some(outcome) = finish(app, account, otp, client).await? {
            return Ok(outcome);
        }
    }
    Err(AccountError::InvalidCredentials)
}

/// The account, if the password is its own; kept in today's form from now on.
async fn check_password(app: &App, email: &str, password: &str) -> Result<users::Model, AccountError> {
    let account = accounts::find_by_email(app.db().reader(), email).await?;
    let stored = account.as_ref().map(|account| account.password.clone());
    let is_right = app.passwords().verify(password.to_owned(), stored).await?;
    let mut account = account
        .filter(|account| is_right && account.is_active)
        .ok_or(AccountError::InvalidCredentials)?;
    restraints::refuse_suspended(&account, app.clock().now())?;
    if app.passwords().is_outdated(&account.password) {
        let upgraded = app.passwords().hash(password.to_owned()).await?;
        upgrade(app, &account, &upgraded).await?;
        account.password = upgraded;
    }
    Ok(account)
}

/// Replaces the stored form of a password, if nobody else has meanwhile.
async fn upgrade(app: &App, account: &users::Model, upgraded: &str) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move {
            users::Entity::update_many()
                .col_expr(users::Column::Password, upgraded.into())
                .filter(users::Column::Id.eq(account.id))
                .filter(users::Column::Password.eq(&account.password))
                .exec(&tx)
                .await?;
            Ok(())
        })
        .await
}

/// Finishes the sign-in of an account that has shown its password; `None` if that is no longer what is stored. The code
/// `otp`, if there is one, is taken as the second factor.
async fn finish(
    app: &App,
    account: &users::Model,
    otp: Option<&str>,
    client: &ClientInfo,
) -> Result<Option<SignInOutcome>, AccountError> {
    let user = account.id;
    let outcome = app
        .db()
        .write(|tx| async move {
            if hold(&tx, user).await?.password != account.password {
                return Ok(Ok(None));
            }
            let code = match otp {
                Some(code) if !second_factor::methods(&tx, user).await?.is_empty() => code,
                _ => return Ok::<_, AccountError>(Ok(Some(admit(app, &tx, user, client).await?))),
            };
            if let Err(refusal) = second_factor::take_code(app, &tx, user, code).await? {
                return Ok(Err(refusal));
            }
            let signed_in = begin(app, &tx, user, client).await?;
            Ok(Ok(Some(SignInOutcome::SignedIn(Box::new(signed_in)))))
        })
        .await?;
    Ok(outcome.map_err(|refusal| refusal.of("otp"))?)
}

/// Holds an account that may be signed in to until the end of the transaction: no session begins behind the back of a new
/// password, of a deactivation or of a suspension, which end all that there are.
async fn hold(tx: &Tx, user: UserId) -> Result<users::Model, AccountError> {
    let account = users::Entity::find_by_id(user)
        .filter(users::Column::IsActive.eq(true))
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(AccountError::InvalidCredentials)?;
    restraints::refuse_suspended(&account, tx.now())?;
    Ok(account)
}

/// Finishes the sign-in of an account for which a provider has vouched, in a transaction that does more.
pub async fn admit(
    app: &App,
    tx: &Tx,
    user: UserId,
    client: &ClientInfo,
) -> Result<SignInOutcome, AccountError> {
    hold(tx, user).await?;
    let methods = second_factor::methods(tx, user).await?;
    if !methods.is_empty() {
        let challenge = challenges::open(tx, Kind::SecondFactor, Some(user), None).await?;
        return Ok(SignInOutcome::SecondFactor(PendingSignIn { challenge, methods }));
    }
    let tokens = sessions::open(app, tx, user, client).await?;
    let user = own(tx, user).await?.ok_or(AccountError::InvalidCredentials)?;
    Ok(SignInOutcome::SignedIn(Box::new(SignedIn { tokens, user })))
}

/// Whether anything is left that the account can be signed in to with: a password, a provider, a passkey.
pub async fn has_way_in(on: &impl ConnectionTrait, account: &users::Model) -> Result<bool, DbErr> {
    if account.password != UNUSABLE {
        return Ok(true);
    }
    let statement = Statement::from_sql_and_values(
        on.get_database_backend(),
        "SELECT EXISTS (SELECT 1 FROM social_accounts WHERE user_id = $1) OR EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1)",
        [account.id.0.into()],
    );
    let row = on.query_one_raw(statement).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
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
    hold(tx, user).await?;
    let tokens = sessions::open_with_second_factor(app, tx, user, client).await?;
    let user = own(tx, user).await?.ok_or(AccountError::InvalidCredentials)?;
    Ok(SignedIn { tokens, user })
}
