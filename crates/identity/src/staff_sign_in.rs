//! Sign-in of staff to pages that keep a session in a cookie of their own, such as the administration.

use platform::{App, auth::TokenKind, db::Tx, http::Standing, id::UserId};
use sea_orm::DbErr;

use crate::{
    accounts::SignedIn,
    attempts,
    errors::AccountError,
    sessions::{self, ClientInfo, Ending},
    sign_in::{self, PendingSignIn, SignInOutcome},
};

/// Where a sign-in of staff stands.
#[derive(Debug, Clone)]
pub enum StaffSignIn {
    /// A session has begun.
    SignedIn {
        /// Whose.
        user: UserId,
        /// Which.
        session: i64,
    },
    /// A code is needed, for this challenge.
    CodeNeeded {
        /// Five minutes, once.
        challenge: String,
    },
    /// The account is in order, but does not belong to staff.
    NotStaff,
    /// Staff must have a second factor here, and the account has none.
    LacksSecondFactor,
}

/// Signs in with the password; wrong ones count as everywhere.
pub async fn with_password(
    app: &App,
    (email, password): (&str, &str),
    client: &ClientInfo,
) -> Result<StaffSignIn, AccountError> {
    let attempt = attempts::begin(app, email, client).await?;
    let outcome = sign_in::with_password(app, (email, password), None, client).await;
    attempt.settle(&outcome).await;
    match outcome? {
        SignInOutcome::SignedIn(signed_in) => settle(app, *signed_in).await,
        SignInOutcome::SecondFactor(PendingSignIn { challenge, .. }) => {
            Ok(StaffSignIn::CodeNeeded { challenge })
        }
    }
}

/// Answers the challenge with a code of the authenticator app, or with a recovery code.
pub async fn with_code(
    app: &App,
    challenge: &str,
    code: &str,
    client: &ClientInfo,
) -> Result<StaffSignIn, AccountError> {
    let signed_in = sign_in::answer_with_code(app, challenge, code, client).await?;
    settle(app, signed_in).await
}

/// Ends the session again if it is not one of staff.
async fn settle(app: &App, signed_in: SignedIn) -> Result<StaffSignIn, AccountError> {
    let claims = app
        .tokens()
        .verify(&signed_in.tokens.access, TokenKind::Access, app.clock().now())
        .map_err(|_| AccountError::InvalidCredentials)?;
    let (user, session) = (claims.user_id, claims.sid);
    let refusal = match sessions::find_standing(app.clone(), claims).await? {
        Standing::Active(viewer) if viewer.is_staff => {
            return Ok(StaffSignIn::SignedIn { user, session });
        }
        Standing::Active(viewer) if viewer.lacks_second_factor => StaffSignIn::LacksSecondFactor,
        _ => StaffSignIn::NotStaff,
    };
    app.db()
        .write(|tx| async move { end_session(&tx, user, session).await })
        .await?;
    Ok(refusal)
}

/// Ends one session of an account.
pub async fn end_session(tx: &Tx, user: UserId, session: i64) -> Result<(), DbErr> {
    sessions::end(tx, user, Ending::Only(session)).await.map(drop)
}
