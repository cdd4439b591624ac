//! Questions to whoever runs a command.

use std::io::{IsTerminal as _, Write as _, stdin};

use anyhow::{Context as _, bail};
use platform::config::Secret;

/// Whether there is somebody to ask.
pub fn is_there() -> bool {
    stdin().is_terminal()
}

/// One line, as it was typed or piped in.
pub async fn read_line() -> anyhow::Result<String> {
    blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line)?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    })
    .await
}

/// The answer to a question.
pub async fn ask(question: &str) -> anyhow::Result<String> {
    eprint!("{question}: ");
    std::io::stderr().flush()?;
    read_line().await
}

/// A password, typed twice without being shown.
pub async fn ask_password() -> anyhow::Result<Secret> {
    let [first, second] = blocking(|| {
        let ask = |question| rpassword::prompt_password(question).map(Secret::new);
        Ok([ask("Password: ")?, ask("Password (again): ")?])
    })
    .await?;
    if first != second {
        bail!("the two passwords differ");
    }
    Ok(first)
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(read)
        .await?
        .context("could not read the answer")
}
