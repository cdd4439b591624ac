//! Which mail is sent when: events lead to jobs, jobs make the tokens and send.
//!
//! A job's payload names the account alone. Neither addresses nor tokens are in the job store, and a token is never older
//! than its mail.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use chrono::TimeDelta;
use futures::FutureExt as _;
use platform::{
    App,
    id::UserId,
    jobs::{Enqueue, Job},
    mail::Mail,
    outbox::{DomainEvent, Event, Subscription},
};
use sea_orm::{ConnectionTrait as _, DbErr, Statement};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::{email_key, find_by_email},
    events::{
        EmailChangeRequested, EmailVerificationRequested, FactorChange, PasswordChanged,
        PasswordResetRequested, SecondFactorChanged, UserRegistered,
    },
    mails::{self, Addressee},
    one_time_tokens::{self, Purpose},
    settings::{AccountMailSettings, requires_verification},
};

/// How long a link to a new password works; the mails say so too.
const PASSWORD_RESET_LIFETIME: TimeDelta = TimeDelta::hours(1);
const EMAIL_VERIFICATION_LIFETIME: TimeDelta = TimeDelta::days(3);
const EMAIL_CHANGE_LIFETIME: TimeDelta = TimeDelta::days(1);

/// What a mail is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    PasswordReset,
    PasswordChanged,
    EmailVerification,
    /// To the new address, which the row of this name holds.
    EmailChange {
        request: String,
    },
    /// To the address so far.
    EmailChangeNotice,
    SecondFactorChanged {
        change: FactorChange,
    },
}

/// Sends a mail to an account.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendLetter {
    user_id: UserId,
    letter: Letter,
}

impl Job for SendLetter {
    const NAME: &'static str = "identity.send_letter";
    /// Over an hour and a half: mail servers are away longer than others.
    const MAX_ATTEMPTS: u32 = 16;
    const TIMEOUT: Duration = Duration::from_mins(2);

    /// An attempt that fails leaves a token that nobody knows; it is cleared away when it has expired.
    async fn run(self, app: App) -> anyhow::Result<()> {
        let Some(account) = Account::find(&app, self.user_id).await? else {
            return Ok(());
        };
        match write(&app, &account, &self.letter).await? {
            Some(mail) => Ok(app.mail().send(mail).await?),
            None => Ok(()),
        }
    }
}

/// Whom a job writes to.
struct Account {
    id: UserId,
    handle: String,
    email: String,
    is_verified: bool,
}

impl Account {
    /// `None` when it is gone or deactivated.
    async fn find(app: &App, id: UserId) -> Result<Option<Self>, DbErr> {
        let statement = Statement::from_sql_and_values(
            app.db().engine().backend(),
            "SELECT u.handle, p.email, p.email_verified_at IS NOT NULL FROM users u JOIN user_pii p ON p.user_id = u.id \
             WHERE u.id = $1 AND u.is_active",
            [id.0.into()],
        );
        let Some(row) = app.db().reader().query_one_raw(statement).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            handle: row.try_get_by_index(0)?,
            email: row.try_get_by_index(1)?,
            is_verified: row.try_get_by_index(2)?,
        }))
    }

    fn at<'a>(&'a self, address: &'a str) -> Addressee<'a> {
        Addressee {
            to: address,
            handle: &self.handle,
        }
    }

    async fn token(
        &self,
        app: &App,
        purpose: Purpose,
        (detail, lifetime): (&str, TimeDelta),
    ) -> Result<String, DbErr> {
        app.db()
            .write(|tx| async move { one_time_tokens::create(&tx, self.id, purpose, detail, lifetime).await })
            .await
    }
}

/// The mail; `None` when there is nothing to say any more.
async fn write(app: &App, account: &Account, letter: &Letter) -> anyhow::Result<Option<Mail>> {
    let settings = &settings(app)?;
    let (own, key) = (account.at(&account.email), email_key(&account.email));
    Ok(match letter {
        Letter::PasswordReset => {
            let about = (key.as_str(), PASSWORD_RESET_LIFETIME);
            let token = account.token(app, Purpose::PasswordReset, about).await?;
            Some(mails::password_reset(&own, &token, settings))
        }
        Letter::PasswordChanged => Some(mails::password_changed(&own)),
        Letter::EmailVerification if account.is_verified => None,
        Letter::EmailVerification => {
            let about = (key.as_str(), EMAIL_VERIFICATION_LIFETIME);
            let token = account.token(app, Purpose::EmailVerification, about).await?;
            Some(mails::email_verification(&own, &token, settings))
        }
        Letter::EmailChange { request } => write_to_new_address(app, account, request).await?,
        Letter::EmailChangeNotice => Some(mails::email_change_notice(&own)),
        Letter::SecondFactorChanged { change } => Some(mails::second_factor_changed(&own, *change)),
    })
}

async fn write_to_new_address(app: &App, account: &Account, request: &str) -> anyhow::Result<Option<Mail>> {
    let reader = app.db().reader();
    let Some(address) = one_time_tokens::reserved(reader, request, Purpose::EmailChangeRequest).await? else {
        return Ok(None);
    };
    if let Some(owner) = find_by_email(reader, &address).await?
        && owner.id != account.id
    {
        let owner = Addressee {
            to: &address,
            handle: &owner.handle,
        };
        return Ok(Some(mails::email_taken(&owner)));
    }
    let about = (address.as_str(), EMAIL_CHANGE_LIFETIME);
    let token = account.token(app, Purpose::EmailChange, about).await?;
    let settings = settings(app)?;
    Ok(Some(mails::email_change(
        &account.at(&address),
        &token,
        &settings,
    )))
}

fn settings(app: &App) -> anyhow::Result<Arc<AccountMailSettings>> {
    app.settings::<AccountMailSettings>()
        .context("the settings of mails are not in the list of the domain")
}

/// The events that lead to mails.
pub fn subscriptions() -> Vec<Subscription> {
    fn to<E: DomainEvent>(handle: platform::outbox::Handler) -> Subscription {
        Subscription {
            event: E::NAME,
            subscriber: "identity.letters",
            handle,
        }
    }
    vec![
        to::<UserRegistered>(|app, event| after_registration(app, event).boxed()),
        to::<PasswordResetRequested>(|app, event| after_reset_request(app, event).boxed()),
        to::<PasswordChanged>(|app, event| after_password_change(app, event).boxed()),
        to::<EmailVerificationRequested>(|app, event| after_verification_request(app, event).boxed()),
        to::<EmailChangeRequested>(|app, event| after_change_request(app, event).boxed()),
        to::<SecondFactorChanged>(|app, event| after_factor_change(app, event).boxed()),
    ]
}

async fn after_registration(app: App, event: Event) -> anyhow::Result<()> {
    if !requires_verification(&app) {
        return Ok(());
    }
    let user_id = event.read::<UserRegistered>()?.user_id;
    enqueue(&app, &event, user_id, Letter::EmailVerification).await
}

async fn after_reset_request(app: App, event: Event) -> anyhow::Result<()> {
    match event.read::<PasswordResetRequested>()?.user_id {
        Some(user_id) => enqueue(&app, &event, user_id, Letter::PasswordReset).await,
        None => Ok(()),
    }
}

async fn after_password_change(app: App, event: Event) -> anyhow::Result<()> {
    let user_id = event.read::<PasswordChanged>()?.user_id;
    enqueue(&app, &event, user_id, Letter::PasswordChanged).await
}

async fn after_verification_request(app: App, event: Event) -> anyhow::Result<()> {
    let user_id = event.read::<EmailVerificationRequested>()?.user_id;
    enqueue(&app, &event, user_id, Letter::EmailVerification).await
}

async fn after_change_request(app: App, event: Event) -> anyhow::Result<()> {
    let EmailChangeRequested { user_id, request } = event.read()?;
    enqueue(&app, &event, user_id, Letter::EmailChangeNotice).await?;
    match request {
        Some(request) => enqueue(&app, &event, user_id, Letter::EmailChange { request }).await,
        None => Ok(()),
    }
}

async fn after_factor_change(app: App, event: Event) -> anyhow::Result<()> {
    let SecondFactorChanged { user_id, change } = event.read()?;
    enqueue(&app, &event, user_id, Letter::SecondFactorChanged { change }).await
}

async fn enqueue(app: &App, event: &Event, user_id: UserId, letter: Letter) -> anyhow::Result<()> {
    let kind = match letter {
        Letter::EmailChange { .. } => "new",
        _ => "own",
    };
    let options = Enqueue {
        // A second delivery of the event is no second mail.
        key: Some(format!("{}:{kind}", event.id)),
        run_at: None,
    };
    app.jobs().enqueue(&SendLetter { user_id, letter }, options).await
}
