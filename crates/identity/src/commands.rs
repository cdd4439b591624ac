//! The management commands of this domain.

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::FutureExt as _;
use platform::{
    App,
    audit::Action,
    config::Secret,
    db::Tx,
    domain::{ManagementCommand, Trace},
    flags,
    http::Rule as _,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use serde_json::Map;

use crate::{
    accounts::{self, NewAccount, Registration},
    change_password,
    entities::users,
    errors::AccountError,
    follow_counts, groups, handles,
    settings::{AdminSettings, SuperuserSettings},
    terminal,
};

/// Flags that every instance has, off at first.
const STANDARD_FLAGS: [&str; 2] = ["mentor_voice_beta", "soulmatch_pro"];

pub fn all() -> Vec<ManagementCommand> {
    let option = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
    vec![
        ManagementCommand {
            command: change_password::command(),
            trace: Trace::Call,
            run: |app, arguments| async move { change_password::change(&app, &arguments).await }.boxed(),
        },
        ManagementCommand {
            command: Command::new("createsuperuser")
                .about("Makes an administrator; refuses an address that an account has")
                .long_about(
                    "Makes an administrator; refuses an address that an account has. What is missing is asked for on a \
                     terminal. The password goes into no log and not into the audit trail, which only says who became an \
                     administrator.",
                )
                .arg(option("email", "Address of the account [DJANGO_SUPERUSER_EMAIL]"))
                .arg(option(
                    "password",
                    "Its password. Other users of the machine can see it in the list of processes: better be asked, or \
                     set DJANGO_SUPERUSER_PASSWORD",
                ))
                .arg(option("name", "Its name [ADMIN_NAME]"))
                .arg(
                    Arg::new("noinput")
                        .long("noinput")
                        .alias("no-input")
                        .action(ArgAction::SetTrue)
                        .help("Ask nothing"),
                ),
            trace: Trace::Call,
            run: |app, arguments| async move { create_superuser(&app, &arguments).await }.boxed(),
        },
        ManagementCommand {
            command: Command::new("bootstrap-admin")
                .about("Makes an administrator, or gives an existing account the rights and the password")
                .arg(option("email", "Address of the account [ADMIN_EMAIL]"))
                .arg(option("password", "Its password [ADMIN_PASSWORD]"))
                .arg(option("name", "Its name, when it is made [ADMIN_NAME]")),
            trace: Trace::Call,
            run: |app, arguments| async move { bootstrap_admin(&app, &arguments).await }.boxed(),
        },
        ManagementCommand {
            command: Command::new("repair-follow-counts")
                .about("Counts everybody's followers and followed anew; follows wait meanwhile"),
            trace: Trace::Call,
            run: |app, _| async move { repair_follow_counts(&app).await }.boxed(),
        },
    ]
}

async fn repair_follow_counts(app: &App) -> anyhow::Result<()> {
    let repaired = follow_counts::repair(app).await?;
    println!("Repaired the counts of {repaired} accounts.");
    Ok(())
}

struct Administrator {
    email: String,
    name: String,
    /// The stored form of the password.
    password: String,
    /// Whether an account that has the address already is refused.
    must_be_new: bool,
}

/// The rule of sign-in: with any other address nobody could.
fn check_email(email: &str) -> anyhow::Result<String> {
    platform::http::email()
        .check(&email.into())
        .map_err(|_| anyhow::anyhow!("{email:?} is no e-mail address that one can sign in with"))
}

async fn create_superuser(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let (settings, defaults) = (
        app.settings::<SuperuserSettings>(),
        app.settings::<AdminSettings>(),
    );
    let may_ask = terminal::is_there() && !arguments.get_flag("noinput");
    let given = |name: &str, default: Option<&str>| {
        let given = arguments.get_one::<String>(name).map(String::as_str);
        given
            .or(default)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let email = match given("email", settings.as_ref().map(|settings| settings.email.as_str())) {
        Some(email) => email,
        None if may_ask => terminal::ask("Email address").await?,
        None => anyhow::bail!("the address is missing: give --email or set DJANGO_SUPERUSER_EMAIL"),
    };
    let email = check_email(&email)?;
    if accounts::email_is_taken(app.db().reader(), &email).await? {
        return Err(AccountError::EmailTaken.into());
    }
    let password = match given(
        "password",
        settings.as_ref().map(|settings| settings.password.expose()),
    ) {
        Some(password) => Secret::new(password),
        None if may_ask => terminal::ask_password().await?,
        None => anyhow::bail!("the password is missing: set DJANGO_SUPERUSER_PASSWORD or give --password"),
    };
    let name = given("name", defaults.as_ref().map(|settings| settings.name.as_str()));
    let admin = &Administrator {
        email,
        name: name.unwrap_or_default(),
        password: app.passwords().hash(change_password::check(&password)?).await?,
        must_be_new: true,
    };
    app.db()
        .write(|tx| async move { promote(&tx, admin).await })
        .await?;
    println!("Created superuser {}", admin.email);
    Ok(())
}

async fn bootstrap_admin(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let defaults = app.settings::<AdminSettings>();
    let given = |name: &str| arguments.get_one::<String>(name).cloned();
    let default = |read: fn(&AdminSettings) -> String| defaults.as_deref().map(read).unwrap_or_default();
    let email = given("email").unwrap_or_else(|| default(|settings| settings.email.clone()));
    let email = check_email(&email)?;
    let password = Secret::new(
        given("password").unwrap_or_else(|| default(|settings| settings.password.expose().to_owned())),
    );
    if password.expose().trim().is_empty() {
        anyhow::bail!("the password is blank: nobody could sign in with it");
    }
    if app.config().is_production() && given("password").is_none() && is_published(&password) {
        anyhow::bail!("ADMIN_PASSWORD has its published default: choose another");
    }
    let admin = &Administrator {
        email,
        name: given("name").unwrap_or_else(|| default(|settings| settings.name.clone())),
        password: app.passwords().hash(password.expose().trim().to_owned()).await?,
        must_be_new: false,
    };
    let is_new = app
        .db()
        .write(|tx| async move { promote(&tx, admin).await })
        .await?;
    if is_new {
        println!("Created superuser {}", admin.email);
    }
    println!("Admin bootstrap complete.");
    Ok(())
}

fn is_published(password: &Secret) -> bool {
    use platform::config::Section as _;
    AdminSettings::VARIABLES
        .iter()
        .any(|variable| variable.default == password.expose())
}

/// Makes or changes the account; whether it is new.
async fn promote(tx: &Tx, admin: &Administrator) -> Result<bool, AccountError> {
    let existing = accounts::find_by_email(tx, &admin.email).await?;
    let is_new = existing.is_none();
    if admin.must_be_new && !is_new {
        return Err(AccountError::EmailTaken);
    }
    let id = match existing {
        Some(account) => account.id,
        None => {
            let registration = Registration {
                email: admin.email.clone(),
                name: admin.name.clone(),
                email_is_verified: true,
                ..Registration::default()
            };
            // The local part, as administrators know themselves by it.
            let local = admin.email.split('@').next().unwrap_or("");
            let handle = accounts::free_handle(tx, &handles::own(local), local, 0).await?;
            accounts::insert(
                tx,
                &NewAccount {
                    handle: &handle,
                    password: &admin.password,
                    registration: &registration,
                },
            )
            .await?
        }
    };
    let row = users::ActiveModel {
        id: Set(id),
        password: Set(admin.password.clone()),
        is_active: Set(true),
        is_staff: Set(true),
        is_superuser: Set(true),
        ..Default::default()
    };
    users::Entity::update(row).exec(tx).await?;
    for group in groups::STANDARD {
        groups::join(tx, group, id).await?;
    }
    for flag in STANDARD_FLAGS {
        flags::ensure(tx, flag).await?;
    }
    let action = Action::new("identity.superuser_granted").on("user", &id);
    tx.append(&action.with(Map::from_iter([("is_new".to_owned(), is_new.into())])))
        .await?;
    Ok(is_new)
}
