//! `selflink storage-status`, `selflink check-media`, `selflink check-media-path`

use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use clap::{Arg, ArgMatches, Command};
use platform::{App, config::StorageBackend};

/// A key whose URL shows what URLs look like; nothing is stored under it.
const SAMPLE: &str = "storage-status/sample.txt";

pub fn status_command() -> Command {
    Command::new("storage-status").about("Prints where uploaded files are kept")
}

pub fn check_command() -> Command {
    let path = Arg::new("path")
        .long("path")
        .value_name("REL")
        .required(true)
        .help("Path below the media root");
    Command::new("check-media")
        .about("Says whether a file exists below the media root")
        .arg(path.allow_hyphen_values(true))
}

pub fn check_path_command() -> Command {
    let path = Arg::new("path")
        .value_name("REL")
        .required(true)
        .help("Path below the media root");
    Command::new("check-media-path")
        .about("The same as check-media")
        .arg(path)
}

pub async fn status(app: &App) -> anyhow::Result<()> {
    let settings = &app.config().storage;
    let implementation = match settings.backend {
        StorageBackend::Local => "opendal fs",
        StorageBackend::S3 => "opendal s3",
    };
    println!("STORAGE_BACKEND={}", settings.backend);
    println!("DEFAULT_FILE_STORAGE={implementation}\nDEFAULT_STORAGE_BACKEND={implementation}");
    match settings.backend {
        StorageBackend::Local => println!(
            "MEDIA_ROOT={}\nMEDIA_URL=/media/",
            app.config().media_root().display()
        ),
        StorageBackend::S3 => println!(
            "S3_ENDPOINT={}\nS3_BUCKET={}",
            settings.s3_endpoint, settings.s3_bucket
        ),
    }
    println!(
        "SAMPLE_PATH={SAMPLE}\nSAMPLE_URL={}",
        app.storage().url(SAMPLE).await
    );
    Ok(())
}

pub async fn check(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let path = arguments.get_one::<String>("path").context("the path")?;
    let is_inside = Path::new(path)
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if !is_inside || path.contains('\0') {
        bail!("Path must be inside MEDIA_ROOT.");
    }
    let exists = app.storage().exists(path).await.unwrap_or(false);
    println!(
        "MEDIA_ROOT={}\nPATH={path}\nEXISTS={}",
        app.config().media_root().display(),
        if exists { "True" } else { "False" }
    );
    if !exists {
        bail!("File does not exist.");
    }
    Ok(())
}
