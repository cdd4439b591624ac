//! `selflink load-fixtures`: rows from JSON files, written by their ids.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Arg, ArgMatches, Command};
use platform::{
    App,
    flags::{self, Flag, FlagRow},
};
use serde::Deserialize;
use serde_json::Value;

pub fn command() -> Command {
    Command::new("load-fixtures")
        .about("Loads every *.json file of a folder, in the order of their names, all or nothing")
        .arg(
            Arg::new("path")
                .long("path")
                .value_name("DIR")
                .default_value("config/fixtures")
                .help("The folder"),
        )
        .arg(
            Arg::new("using")
                .long("using")
                .value_name("ALIAS")
                .default_value("default")
                .help("The database: there is one, `default`"),
        )
}

#[derive(Debug, Deserialize)]
struct Fixture {
    model: String,
    pk: i64,
    fields: FlagFields,
}

#[derive(Debug, Deserialize)]
struct FlagFields {
    key: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    rollout: Value,
}

pub async fn run(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let folder = PathBuf::from(arguments.get_one::<String>("path").context("--path")?);
    if arguments
        .get_one::<String>("using")
        .is_some_and(|alias| alias != "default")
    {
        bail!("there is one database: --using default");
    }
    let files = files_of(&folder)?;
    if files.is_empty() {
        println!("No fixtures found in {}", folder.display());
        return Ok(());
    }
    let mut rows = Vec::new();
    for file in &files {
        println!(
            "Loading {}…",
            file.file_name().unwrap_or_default().to_string_lossy()
        );
        rows.extend(read(file).with_context(|| format!("in {}", file.display()))?);
    }
    let rows = &rows;
    app.db()
        .write(|tx| async move {
            for row in rows {
                flags::put(&tx, row).await?;
            }
            Ok::<_, sea_orm::DbErr>(())
        })
        .await?;
    app.flags().forget();
    println!("Fixtures loaded.");
    Ok(())
}

fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("Fixture directory {} does not exist", folder.display());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> anyhow::Result<Vec<FlagRow>> {
    let fixtures: Vec<Fixture> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    fixtures
        .into_iter()
        .map(|fixture| {
            let Fixture { model, pk, fields } = fixture;
            if model != "config.featureflag" {
                bail!("rows of the model {model:?} cannot be loaded");
            }
            let rollout = if fields.rollout.is_null() {
                Some(0)
            } else {
                hundredths(&fields.rollout)
            };
            let rollout = rollout.context("rollout must be a number from 0 to 100")?;
            let flag = Flag {
                key: fields.key,
                enabled: fields.enabled,
                rollout,
            };
            Ok(FlagRow {
                id: pk,
                description: fields.description,
                flag,
            })
        })
        .collect()
}

/// A percentage with at most two decimals, as a number or a text, in hundredths.
pub fn hundredths(percent: &Value) -> Option<i64> {
    let text = percent
        .as_str()
        .map_or_else(|| percent.to_string(), str::to_owned);
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 2
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let hundredths =
        whole.parse::<i64>().ok()?.checked_mul(100)? + format!("{fraction:0<2}").parse::<i64>().ok()?;
    (hundredths <= 10_000).then_some(hundredths)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn percentages() {
        for (sent, expected) in [
            (json!("25.00"), 2500),
            (json!(12.5), 1250),
            (json!(100), 10_000),
            (json!("0"), 0),
            (json!("7.05"), 705),
        ] {
            assert_eq!(hundredths(&sent), Some(expected), "{sent}");
        }
        for bad in [
            json!("-1"),
            json!(101),
            json!("1.234"),
            json!("x"),
            json!(""),
            json!(true),
            json!("99999999999999999999"),
        ] {
            assert_eq!(hundredths(&bad), None, "{bad}");
        }
    }
}
