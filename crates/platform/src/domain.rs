//! What a domain brings: the binary lists the domains once and builds router, schema, worker and commands from the list.

use std::{any::Any, collections::HashMap, sync::Arc};

use clap::{ArgMatches, Command, parser::ValueSource};
use futures::future::BoxFuture;
use sea_orm_migration::MigrationTrait;
use serde_json::Map;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    audit::Action,
    config::{Environment, Section, Variable},
    db::Tx,
    http::Access,
    id::UserId,
    jobs::JobKind,
    outbox::Subscription,
    schedule::Schedule,
};

/// One domain.
pub struct Domain {
    /// Its name, as its crate's.
    pub name: &'static str,
    /// The sections of its settings.
    pub settings: Vec<SettingsSection>,
    /// Its endpoints.
    pub routes: fn() -> Vec<Routes>,
    /// Its tables.
    pub migrations: fn() -> Vec<Box<dyn MigrationTrait>>,
    /// The kinds of background jobs that it runs.
    pub jobs: Vec<JobKind>,
    /// When it runs them.
    pub schedules: Vec<Schedule>,
    /// The events that it listens to.
    pub subscriptions: Vec<Subscription>,
    /// Its management commands.
    pub commands: Vec<ManagementCommand>,
    /// The steps of `selflink apply` that it knows.
    pub steps: Vec<Step>,
    /// What it keeps about people, if anything.
    pub personal_data: Option<PersonalData>,
}

/// Which role of the binary serves an endpoint; `serve` serves them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// The HTTP API: role `api`, and the streaming role, which serves the whole API as well.
    Api,
    /// Server-sent events: role `stream` alone.
    Stream,
    /// The WebSocket gateway: role `realtime`.
    Realtime,
}

/// Endpoints with a common rule of who may call them.
pub struct Routes {
    /// Which role serves them.
    pub surface: Surface,
    /// Who may call them.
    pub access: Access,
    /// The endpoints, with their full paths.
    pub router: OpenApiRouter<App>,
}

impl Routes {
    /// Endpoints of the HTTP API.
    pub fn api(access: Access, router: OpenApiRouter<App>) -> Self {
        Self {
            surface: Surface::Api,
            access,
            router,
        }
    }
}

/// A command of the operator: `selflink <name> …`.
pub struct ManagementCommand {
    /// Its name and options.
    pub command: Command,
    /// What a call leaves in the audit trail.
    pub trace: Trace,
    /// What it does; what it prints on stdout is its result.
    pub run: fn(App, ArgMatches) -> BoxFuture<'static, anyhow::Result<()>>,
}

/// What a call of a command leaves in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Nothing: it only reads.
    Nothing,
    /// `command.<name>` with the names of the options given, written before it does anything.
    Call,
    /// The same when this option is given; without it, it only reads.
    CallWith(&'static str),
    /// What it writes itself, in the transactions of its changes, and nothing if they are rolled back.
    Own,
}

impl Trace {
    /// What the trail gets before a command called with these arguments runs. Values stay out of it: they may be
    /// passwords or addresses.
    pub fn of_call(self, command: &str, arguments: &ArgMatches) -> Option<Action> {
        let mut given: Vec<&str> = arguments
            .ids()
            .map(clap::Id::as_str)
            .filter(|name| arguments.value_source(name) == Some(ValueSource::CommandLine))
            .collect();
        given.sort_unstable();
        let leaves = match self {
            Trace::Nothing | Trace::Own => false,
            Trace::Call => true,
            Trace::CallWith(option) => given.contains(&option),
        };
        let metadata = Map::from_iter([("options".to_owned(), given.into())]);
        leaves.then(|| {
            Action::new(&format!("command.{command}"))
                .on("command", &command)
                .with(metadata)
        })
    }
}

/// A step of `selflink apply`: `{"<key>": …}`.
#[derive(Clone, Copy)]
pub struct Step {
    /// The key.
    pub key: &'static str,
    /// Changes what the argument says, in the transaction of the whole document, and returns the result to print.
    pub run: for<'a> fn(&'a Tx, &'a serde_json::Value) -> BoxFuture<'a, anyhow::Result<serde_json::Value>>,
}

/// What a domain keeps about people: a copy of it for them, and its removal when their account is deleted.
#[derive(Clone, Copy)]
pub struct PersonalData {
    /// Its part of the copy: whatever of the account's data the person may read.
    pub export: fn(App, UserId) -> BoxFuture<'static, anyhow::Result<serde_json::Value>>,
    /// Removes files, before the rows that know of them, and what is too much for one transaction; may run again after a
    /// failure.
    pub remove_files: fn(App, UserId) -> BoxFuture<'static, anyhow::Result<()>>,
    /// Removes rows and puts counters right, in the transaction that ends with the account's own row. Rows that refer to
    /// that one with `ON DELETE CASCADE` go by themselves.
    pub erase: for<'a> fn(&'a Tx, UserId) -> BoxFuture<'a, Result<(), sea_orm::DbErr>>,
}

type ReadSection = fn(&Environment, &mut Vec<String>) -> Option<Arc<dyn Any + Send + Sync>>;

/// A section of settings that a domain declared with [`settings!`](crate::settings).
#[derive(Clone, Copy)]
pub struct SettingsSection {
    /// Its variables.
    pub variables: &'static [Variable],
    pub(crate) read: ReadSection,
    pub(crate) type_id: std::any::TypeId,
}

impl SettingsSection {
    /// The section `S`.
    pub fn of<S: Section>() -> Self {
        Self {
            variables: S::VARIABLES,
            read: |environment, problems| Some(Arc::new(S::read(environment, problems)?)),
            type_id: std::any::TypeId::of::<S>(),
        }
    }

    /// What `P` plugs into a lower domain. It has no variables of its own.
    pub fn plug<P: Plug>() -> Self {
        Self {
            variables: &[],
            read: |_, _| Some(Arc::new(P::port())),
            type_id: std::any::TypeId::of::<P::Port>(),
        }
    }
}

/// What a domain gives a lower one, which cannot know it, to call: the lower one declares the type of the port and finds it
/// by [`App::settings`].
pub trait Plug: 'static {
    /// The type that the lower domain looks for. There is one plug for it at most.
    type Port: Send + Sync + 'static;

    /// What it finds.
    fn port() -> Self::Port;
}

/// The settings of all domains, by their type.
pub(crate) type SettingsByType = HashMap<std::any::TypeId, Arc<dyn Any + Send + Sync>>;

/// What all domains keep about people.
pub(crate) fn personal_data(domains: &[Domain]) -> Vec<(&'static str, PersonalData)> {
    domains
        .iter()
        .filter_map(|domain| Some((domain.name, domain.personal_data?)))
        .collect()
}

/// Reads the settings of all domains; all problems are reported together.
pub(crate) fn read_settings(
    domains: &[Domain],
    environment: &Environment,
) -> Result<SettingsByType, crate::config::ConfigError> {
    let mut problems = Vec::new();
    let sections = domains.iter().flat_map(|domain| &domain.settings);
    let read = sections
        .filter_map(|section| Some((section.type_id, (section.read)(environment, &mut problems)?)))
        .collect();
    if problems.is_empty() {
        Ok(read)
    } else {
        Err(crate::config::ConfigError(problems))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_leave_the_names_of_the_options_that_were_given() {
        let command = Command::new("grant")
            .arg(Arg::new("email").long("email"))
            .arg(Arg::new("level").long("level").default_value("1"))
            .arg(Arg::new("force").long("force").action(ArgAction::SetTrue))
            .arg(Arg::new("who"));
        let arguments = command.get_matches_from(["grant", "--email", "ann@example.com", "s3cret"]);
        let action = Trace::Call.of_call("grant", &arguments).expect("leaves a trace");
        assert_eq!((action.action(), action.object_id()), ("command.grant", "grant"));
        assert_eq!(action.metadata()["options"], json!(["email", "who"]));
        assert!(Trace::CallWith("email").of_call("grant", &arguments).is_some());
        for silent in [Trace::Nothing, Trace::Own, Trace::CallWith("force")] {
            assert_eq!(silent.of_call("grant", &arguments), None, "{silent:?}");
        }
    }
}
