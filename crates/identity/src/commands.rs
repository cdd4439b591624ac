//! The management commands of this domain.

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures::FutureExt as _;
use platform::{App, config::Secret, db::Tx, domain::ManagementCommand, flags, http::Rule as _};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::{
    accounts::{self, AccountError, NewAccount, Registration},
    demo,
    entities::users,
    groups, handles,
    settings::AdminSettings,
};

/// Flags that every instance has, off at first.
const STANDARD_FLAGS: [&str; 2] = ["mentor_voice_beta", "soulmatch_pro"];

pub fn all() -> Vec<ManagementCommand> {
    let option = |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help);
    vec![
        ManagementCommand {
            command: Command::new("bootstrap-admin")
                .about("Makes an administrator, or gives an existing account the rights and the password")
                .arg(option("email", "Address of the account [ADMIN_EMAIL]"))
                .arg(option("password", "Its password [ADMIN_PASSWORD]"))
                .arg(option("name", "Its name, when it is made [ADMIN_NAME]")),
            run: |app, arguments| async move { bootstrap_admin(&app, &arguments).await }.boxed(),
        },
        ManagementCommand {
            command: Command::new("seed-demo")
                .about("Makes demo accounts that follow one another; may be repeated")
                .arg(
                    Arg::new("reset")
                        .long("reset")
                        .action(ArgAction::SetTrue)
                        .help("Remove the demo accounts first"),
                ),
            run: |app, arguments| async move { seed_demo(&app, arguments.get_flag("reset")).await }.boxed(),
        },
    ]
}

async fn seed_demo(app: &App, reset: bool) -> anyhow::Result<()> {
    if reset {
        println!("Removing existing demo data…");
    }
    demo::seed(app, reset).await?;
    println!("Demo data seeded.");
    Ok(())
}

struct Administrator {
    email: String,
    name: String,
    /// The stored form of the password.
    password: String,
}

async fn bootstrap_admin(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let defaults = app.settings::<AdminSettings>();
    let given = |name: &str| arguments.get_one::<String>(name).cloned();
    let default = |read: fn(&AdminSettings) -> String| defaults.as_deref().map(read).unwrap_or_default();
    let email = given("email").unwrap_or_else(|| default(|settings| settings.email.clone()));
    // The rule of sign-in: with any other address nobody could.
    let Ok(email) = platform::http::email().check(&email.as_str().into()) else {
        anyhow::bail!("{email:?} is no e-mail address that one can sign in with");
    };
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
    Ok(is_new)
}
