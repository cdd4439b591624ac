//! The management commands of this domain.

use anyhow::bail;
use clap::{Arg, ArgMatches, Command};
use futures::FutureExt as _;
use platform::{
    App,
    domain::{ManagementCommand, Trace},
};

use crate::verification::verify;

pub fn all() -> Vec<ManagementCommand> {
    let head = Arg::new("head")
        .long("head")
        .value_name("HASH")
        .value_parser(a_hash)
        .help("A hash of the trail that was noted earlier, to check that it is still in it");
    vec![ManagementCommand {
        command: Command::new("verify-audit")
            .about("Recomputes every hash of the audit trail and says whether anything in it was changed")
            .arg(head),
        trace: Trace::Nothing,
        run: |app, arguments| async move { verify_audit(&app, &arguments).await }.boxed(),
    }]
}

fn a_hash(text: &str) -> Result<String, String> {
    let hash = text.trim().to_ascii_lowercase();
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(hash)
    } else {
        Err("a hash has 64 hexadecimal digits".to_owned())
    }
}

async fn verify_audit(app: &App, arguments: &ArgMatches) -> anyhow::Result<()> {
    let noted = arguments.get_one::<String>("head").map(String::as_str);
    let verified = verify(app.db().reader(), noted).await?;
    if let Some(noted) = noted
        && !verified.has_noted
    {
        bail!(
            "{noted} is not in the audit trail: what was its end when the hash was noted was removed or rewritten"
        );
    }
    println!(
        "Audit trail verified: {} events, head {}",
        verified.events,
        verified.head.as_deref().unwrap_or("none")
    );
    Ok(())
}
