//! `selflink apply`: administrative changes as data, all or nothing.

use std::{fmt, io::Read as _, path::Path};

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use futures::FutureExt as _;
use platform::{
    audit::Action,
    db::Tx,
    domain::Step,
    flags::{self, Flag},
    process::Process,
};
use sea_orm::DbErr;
use serde_json::{Map, Value, json};

pub fn command() -> Command {
    Command::new("apply")
        .about("Applies a JSON list of administrative steps, all or nothing, and prints a result for each")
        .arg(
            Arg::new("document")
                .required(true)
                .value_name("JSON | FILE | -")
                .help("The list itself, a file that holds it, or - for stdin"),
        )
}

/// Why a document was not applied; printed as JSON.
#[derive(Debug)]
pub struct Refused {
    error: String,
    step: Option<usize>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json!({ "error": self.error, "step": self.step }).fmt(f)
    }
}

impl std::error::Error for Refused {}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Self {
            error: error.to_string(),
            step: None,
        }
    }
}

pub async fn run(process: &Process, arguments: &ArgMatches) -> anyhow::Result<()> {
    let document = arguments.get_one::<String>("document").context("the document")?;
    let steps: Vec<Step> = std::iter::once(Step {
        key: "flag",
        run: |tx, argument| set_flag(tx, argument).boxed(),
    })
    .chain(
        process
            .instance
            .domains
            .iter()
            .flat_map(|domain| domain.steps.iter().copied()),
    )
    .collect();
    let list = &parse(&read(document)?)?;
    let known = &steps;
    let results = process
        .app
        .db()
        .write(|tx| async move { apply(&tx, known, list).await })
        .await?;
    println!("{}", Value::Array(results));
    Ok(())
}

fn read(document: &str) -> anyhow::Result<String> {
    match document {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("could not read stdin")?;
            Ok(text)
        }
        text if text.trim_start().starts_with(['[', '{']) => Ok(text.to_owned()),
        path => std::fs::read_to_string(Path::new(path)).with_context(|| format!("could not read {path}")),
    }
}

fn parse(text: &str) -> Result<Vec<Value>, Refused> {
    let refuse = |error: String| Refused { error, step: None };
    match serde_json::from_str(text) {
        Ok(Value::Array(list)) => Ok(list),
        Ok(_) => Err(refuse("the document must be a list of steps".to_owned())),
        Err(error) => Err(refuse(format!("the document is no JSON: {error}"))),
    }
}

async fn apply(tx: &Tx, known: &[Step], list: &[Value]) -> Result<Vec<Value>, Refused> {
    let mut results = Vec::with_capacity(list.len());
    for (index, step) in list.iter().enumerate() {
        let outcome = apply_step(tx, known, step).await;
        results.push(outcome.map_err(|error| Refused {
            error: format!("{error:#}"),
            step: Some(index),
        })?);
    }
    Ok(results)
}

async fn apply_step(tx: &Tx, known: &[Step], step: &Value) -> anyhow::Result<Value> {
    let entries = step
        .as_object()
        .filter(|entries| entries.len() == 1)
        .context("a step is an object with one key")?;
    let (key, argument) = entries.iter().next().context("a step has a key")?;
    let step = known.iter().find(|step| step.key == key).with_context(|| {
        let keys: Vec<&str> = known.iter().map(|step| step.key).collect();
        format!("unknown step {key:?}; there are: {}", keys.join(", "))
    })?;
    let result = (step.run)(tx, argument).await?;
    // A step may answer an error in place of a result: then it has changed nothing.
    if result.get("error").is_none() {
        tx.append(&trace(key, argument, &result)).await?;
        tracing::info!(step = key, "applied");
    }
    Ok(result)
}

/// What the audit trail keeps of a step: the names of what it sets. Values may be personal; steps whose values are not
/// write an entry of their own.
fn trace(key: &str, argument: &Value, result: &Value) -> Action {
    let names: Vec<&str> = argument
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .collect();
    let id = match &result["id"] {
        Value::Null => String::new(),
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    Action::new(&format!("apply.{key}"))
        .on(key, &id)
        .with(Map::from_iter([("fields".to_owned(), names.into())]))
}

/// `{"flag": {"key", "enabled", "rollout"?}}`, the rollout in percent.
async fn set_flag(tx: &Tx, argument: &Value) -> anyhow::Result<Value> {
    let key = argument["key"]
        .as_str()
        .filter(|key| (1..=64).contains(&key.chars().count()))
        .context("key must be a text of 1 to 64 characters")?;
    let enabled = argument["enabled"]
        .as_bool()
        .context("enabled must be true or false")?;
    let rollout = match &argument["rollout"] {
        Value::Null => 0,
        percent => super::fixtures::hundredths(percent).context("rollout must be a number from 0 to 100")?,
    };
    flags::set(
        tx,
        &Flag {
            key: key.to_owned(),
            enabled,
            rollout,
        },
    )
    .await?;
    let set = [
        ("enabled".to_owned(), enabled.into()),
        ("rollout_hundredths".to_owned(), rollout.into()),
    ];
    tx.append(
        &Action::new("platform.flag_set")
            .on("feature_flag", &key)
            .with(Map::from_iter(set)),
    )
    .await?;
    Ok(json!({}))
}
