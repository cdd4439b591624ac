//! Passkeys (`WebAuthn`): registering them, asking for them, checking what they answer.

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use platform::{
    App,
    db::{Tx, violates_unique},
    id::UserId,
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, sea_query::Expr,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnError,
};

use super::{FactorError, RelyingParty, challenges, lock, recovery, tell, tidy};
use crate::{
    entities::{
        challenges::Kind,
        passkeys::{Column, Entity, Model},
        users,
    },
    errors::AccountError,
    events::FactorChange,
    sign_in,
};

/// Most passkeys of an account.
const MOST: usize = 20;
/// The upper half of the ids under which authenticators keep our accounts; the lower half is the account's own id.
const USERS: u64 = 0x5365_6c66_4c69_6e6b;

/// What a client hands to its browser or system, and by what it names the answer.
pub struct Ceremony {
    /// Five minutes, once.
    pub challenge_id: String,
    /// `{"publicKey": …}` as `navigator.credentials` takes it, binary values in base64url.
    pub options: Value,
}

/// A passkey that has shown itself.
pub struct Used {
    id: i64,
    pub user_id: UserId,
    /// As it is to be kept from now on.
    credential: Value,
    sign_count: i64,
}

/// The passkeys of an account, oldest first.
pub async fn list(on: &impl ConnectionTrait, user: UserId) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_asc(Column::Id)
        .all(on)
        .await
}

/// Begins the registration of a passkey.
pub async fn start_registration(app: &App, user: UserId) -> Result<Ceremony, AccountError> {
    let account = users::Entity::find_by_id(user).one(app.db().reader()).await?;
    let account = account.ok_or(AccountError::NoSuchUser)?;
    let known = list(app.db().reader(), user).await?;
    if known.len() >= MOST {
        return Err(FactorError::TooManyPasskeys.into());
    }
    let known = known
        .iter()
        .filter_map(|row| BASE64_URL_SAFE_NO_PAD.decode(&row.credential_id).ok())
        .collect();
    let (options, state) = relying_party(app)?
        .0
        .start_passkey_registration(handle_of(user), &account.handle, &account.name, Some(known))
        .context("a registration of a passkey could not be made")?;
    let mut options = as_json(&options)?;
    if let Some(Value::Object(selection)) = options.pointer_mut("/publicKey/authenticatorSelection") {
        // Kept by the authenticator with the account, so that one can sign in without a user name.
        selection.insert("residentKey".to_owned(), json!("required"));
        selection.insert("requireResidentKey".to_owned(), json!(true));
    }
    let challenge_id = open(app, Kind::PasskeyRegistration, Some(user), as_json(&state)?).await?;
    Ok(Ceremony {
        challenge_id,
        options,
    })
}

/// Keeps a new passkey. With the first factor of an account it returns its recovery codes.
pub async fn finish_registration(
    app: &App,
    user: UserId,
    challenge_id: &str,
    name: &str,
    credential: Map<String, Value>,
) -> Result<(Model, Vec<String>), AccountError> {
    let (owner, state) = take(app, Kind::PasskeyRegistration, challenge_id).await?;
    if owner != Some(user) {
        return Err(FactorError::CeremonyOver.into());
    }
    let credential: RegisterPublicKeyCredential = read(credential)?;
    let state: PasskeyRegistration = serde_json::from_value(state).context("state of a registration")?;
    let passkey = relying_party(app)?
        .0
        .finish_passkey_registration(&credential, &state)
        .map_err(|error| refused(&error))?;
    let passkey = &passkey;
    app.db()
        .write(|tx| async move {
            lock(&tx, user).await?;
            let known = list(&tx, user).await?;
            if known.len() >= MOST {
                return Err(FactorError::TooManyPasskeys.into());
            }
            let is_first = super::methods(&tx, user).await?.is_empty();
            let row = insert(&tx, user, name, passkey).await?;
            let codes = if is_first {
                recovery::renew(&tx, user).await?
            } else {
                Vec::new()
            };
            tell(&tx, user, FactorChange::PasskeyAdded).await?;
            Ok((row, codes))
        })
        .await
}

async fn insert(tx: &Tx, user: UserId, name: &str, passkey: &Passkey) -> Result<Model, AccountError> {
    let row = Model {
        id: tx.next_id(),
        user_id: user,
        credential_id: BASE64_URL_SAFE_NO_PAD.encode(passkey.cred_id()),
        credential: as_json(passkey)?,
        sign_count: 0,
        name: name.to_owned(),
        created_at: tx.now(),
        last_used_at: None,
    };
    let inserted = Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(tx)
        .await;
    match inserted {
        Ok(_) => Ok(row),
        Err(error) if violates_unique(&error, "passkeys", "credential_id") => {
            Err(FactorError::PasskeyKnown.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes a passkey of the account.
pub async fn remove(app: &App, user: UserId, id: i64) -> Result<(), AccountError> {
    app.db()
        .write(|tx| async move {
            let account = lock(&tx, user).await?;
            let removed = Entity::delete_many()
                .filter(Column::Id.eq(id))
                .filter(Column::UserId.eq(user))
                .exec(&tx)
                .await?;
            if removed.rows_affected == 0 {
                return Err(FactorError::NoSuchPasskey.into());
            }
            if !sign_in::has_way_in(&tx, &account).await? {
                return Err(FactorError::LastWayIn.into());
            }
            tidy(&tx, user).await?;
            Ok(tell(&tx, user, FactorChange::PasskeyRemoved).await?)
        })
        .await
}

/// Asks for any passkey that the client has for us: who it is shows with the answer.
pub async fn start_sign_in(app: &App) -> Result<Ceremony, AccountError> {
    let (mut options, state) = relying_party(app)?
        .0
        .start_discoverable_authentication()
        .context("a request for a passkey could not be made")?;
    // The client chooses between a dialog and the suggestions of its form.
    options.mediation = None;
    let challenge_id = open(app, Kind::PasskeySignIn, None, as_json(&state)?).await?;
    Ok(Ceremony {
        challenge_id,
        options: as_json(&options)?,
    })
}

/// Checks the answer to [`start_sign_in`].
pub async fn check_discovered(
    app: &App,
    challenge_id: &str,
    credential: Map<String, Value>,
) -> Result<Used, AccountError> {
    let (_, state) = take(app, Kind::PasskeySignIn, challenge_id).await?;
    let credential: PublicKeyCredential = read(credential)?;
    let state: DiscoverableAuthentication = serde_json::from_value(state).context("state of a sign-in")?;
    let site = &relying_party(app)?.0;
    let (row, passkey) = find(app, &credential).await?;
    let (account, _) = site
        .identify_discoverable_authentication(&credential)
        .map_err(|error| refused(&error))?;
    if account != handle_of(row.user_id) {
        return Err(FactorError::PasskeyRefused.into());
    }
    let result = site
        .finish_discoverable_authentication_v2(&credential, state, &passkey)
        .map_err(|error| refused(&error))?;
    used(&row, passkey, &result)
}

/// Asks for one of the passkeys of the account that a challenge of a sign-in belongs to, and returns the options.
pub async fn ask(app: &App, challenge: &str) -> Result<Value, AccountError> {
    let site = &relying_party(app)?.0;
    app.db()
        .write(|tx| async move {
            let user = challenges::account(&tx, challenge).await?;
            let user = user.ok_or(FactorError::ChallengeOver)?;
            let (options, state) = request(site, &list(&tx, user).await?)?;
            if !challenges::keep_state(&tx, challenge, state).await? {
                return Err(FactorError::ChallengeOver.into());
            }
            Ok(options)
        })
        .await
}

fn request(site: &Webauthn, known: &[Model]) -> Result<(Value, Value), AccountError> {
    let known = known
        .iter()
        .map(stored)
        .collect::<anyhow::Result<Vec<Passkey>>>()?;
    if known.is_empty() {
        return Err(FactorError::NoSuchPasskey.into());
    }
    let (options, state) = site
        .start_passkey_authentication(&known)
        .context("a request for a passkey could not be made")?;
    Ok((as_json(&options)?, as_json(&state)?))
}

/// Checks the answer to [`ask`]; `state` is what was kept with the challenge.
pub async fn check(
    app: &App,
    user: UserId,
    state: Option<Value>,
    credential: Map<String, Value>,
) -> Result<Used, AccountError> {
    let state = state.ok_or(FactorError::PasskeyRefused)?;
    let state: PasskeyAuthentication = serde_json::from_value(state).context("state of a sign-in")?;
    let credential: PublicKeyCredential = read(credential)?;
    let (row, passkey) = find(app, &credential).await?;
    if row.user_id != user {
        return Err(FactorError::PasskeyRefused.into());
    }
    let result = relying_party(app)?
        .0
        .finish_passkey_authentication(&credential, &state)
        .map_err(|error| refused(&error))?;
    used(&row, passkey, &result)
}

/// Notes the use of a passkey, if it still exists and its counter has not been used meanwhile.
pub async fn mark_used(tx: &Tx, used: &Used) -> Result<(), AccountError> {
    let does_not_count = used.sign_count == 0;
    let goes_on = Condition::any()
        .add(Column::SignCount.lt(used.sign_count))
        .add_option(does_not_count.then(|| Column::SignCount.eq(0)));
    let marked = Entity::update_many()
        .col_expr(Column::Credential, Expr::value(used.credential.clone()))
        .col_expr(Column::SignCount, used.sign_count.into())
        .col_expr(Column::LastUsedAt, Expr::value(tx.now()))
        .filter(Column::Id.eq(used.id))
        .filter(goes_on)
        .exec(tx)
        .await?;
    if marked.rows_affected == 0 {
        return Err(refused(&WebauthnError::CredentialPossibleCompromise).into());
    }
    Ok(())
}

async fn find(app: &App, credential: &PublicKeyCredential) -> Result<(Model, Passkey), AccountError> {
    let id = BASE64_URL_SAFE_NO_PAD.encode(credential.get_credential_id());
    let found = Entity::find()
        .filter(Column::CredentialId.eq(id))
        .one(app.db().reader())
        .await?;
    let row = found.ok_or(FactorError::PasskeyRefused)?;
    let passkey = stored(&row)?;
    Ok((row, passkey))
}

fn stored(row: &Model) -> anyhow::Result<Passkey> {
    serde_json::from_value(row.credential.clone())
        .with_context(|| format!("passkey {} cannot be read", row.id))
}

fn used(row: &Model, mut passkey: Passkey, result: &AuthenticationResult) -> Result<Used, AccountError> {
    passkey.update_credential(result);
    Ok(Used {
        id: row.id,
        user_id: row.user_id,
        credential: as_json(&passkey)?,
        sign_count: result.counter().into(),
    })
}

/// The answer of a passkey that was not accepted; nothing that identifies anybody is logged.
fn refused(error: &WebauthnError) -> FactorError {
    if matches!(error, WebauthnError::CredentialPossibleCompromise) {
        tracing::warn!("a passkey was refused because its counter went backwards: there may be a copy of it");
        metrics::counter!("selflink_passkeys_cloned_total").increment(1);
    } else {
        tracing::debug!(%error, "the answer of a passkey was refused");
    }
    FactorError::PasskeyRefused
}

fn relying_party(app: &App) -> anyhow::Result<std::sync::Arc<RelyingParty>> {
    app.settings::<RelyingParty>()
        .context("the relying party of passkeys is not among the settings")
}

/// What authenticators know an account by.
fn handle_of(user: UserId) -> Uuid {
    Uuid::from_u64_pair(USERS, user.0.cast_unsigned())
}

async fn open(app: &App, kind: Kind, user: Option<UserId>, state: Value) -> Result<String, AccountError> {
    let state = &state;
    Ok(app
        .db()
        .write(|tx| async move { challenges::open(&tx, kind, user, Some(state.clone())).await })
        .await?)
}

/// Uses up a challenge, whatever becomes of its answer.
async fn take(app: &App, kind: Kind, challenge_id: &str) -> Result<(Option<UserId>, Value), AccountError> {
    let taken = app
        .db()
        .write(|tx| async move { challenges::take(&tx, kind, challenge_id).await })
        .await?;
    let open = taken.and_then(|open| Some((open.user_id, open.state?)));
    Ok(open.ok_or(FactorError::CeremonyOver)?)
}

fn read<T: DeserializeOwned>(credential: Map<String, Value>) -> Result<T, FactorError> {
    serde_json::from_value(Value::Object(credential)).map_err(|_| FactorError::PasskeyRefused)
}

fn as_json(value: &impl serde::Serialize) -> anyhow::Result<Value> {
    serde_json::to_value(value).context("a passkey could not be written")
}
