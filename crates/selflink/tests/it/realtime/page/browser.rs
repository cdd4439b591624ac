//! Windows of a browser without a screen, led by chromedriver.

use std::{process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::eventually;

/// How long the driver may take to start.
const START: Duration = Duration::from_mins(1);

/// A running chromedriver.
pub struct Browser {
    url: String,
    _driver: Child,
}

/// One window, with cookies and storage of its own.
pub struct Window {
    client: Client,
}

impl Browser {
    /// Starts the driver. Where there is none, says so: that is a failure where a browser is required, and `None` elsewhere.
    pub async fn start() -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        match driver {
            Ok(driver) => Some(Self::listening(driver).await),
            Err(error) => {
                let words =
                    format!("the page is not tested in a browser: chromedriver does not start ({error})");
                assert!(!is_required(), "{words}; install chromium and chromium-driver");
                eprintln!("SKIPPED: {words}");
                None
            }
        }
    }

    async fn listening(mut driver: Child) -> Self {
        let output = driver.stdout.take().expect("is piped");
        let mut lines = BufReader::new(output).lines();
        let port = timeout(START, async {
            loop {
                let line = lines
                    .next_line()
                    .await
                    .expect("is text")
                    .expect("the driver listens");
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return port.trim_end_matches('.').to_owned();
                }
            }
        });
        let port = port.await.expect("the driver starts in time");
        // What it prints later is read and forgotten, so that it does not wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            _driver: driver,
        }
    }

    /// Opens a window on a page.
    pub async fn open(&self, page: &str) -> Window {
        let arguments = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        });
        let capabilities = Map::from_iter([("goog:chromeOptions".to_owned(), arguments)]);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .expect("a window opens");
        client.goto(page).await.expect("the page loads");
        Window { client }
    }
}

fn is_required() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("CI") || is_set("SELFLINK_REQUIRE_BROWSER")
}

impl Window {
    /// Types into a field.
    pub async fn write(&self, field: &str, text: &str) {
        let element = self.client.wait().for_element(Locator::Css(field)).await;
        let element = element.expect("the field is there");
        element.send_keys(text).await.expect("takes text");
    }

    /// Types into a field and sends its form.
    pub async fn submit(&self, field: &str, text: &str) {
        self.write(field, &format!("{text}\u{e007}")).await;
    }

    /// What a script finds.
    pub async fn read(&self, script: &str) -> serde_json::Value {
        let script = format!("return {script};");
        self.client
            .execute(&script, Vec::new())
            .await
            .expect("the script runs")
    }

    /// Waits until a script finds this.
    pub async fn shows(&self, script: &str, expected: &serde_json::Value) {
        let what = format!("`{script}` = {expected}");
        eventually(&what, async || {
            (self.read(script).await == *expected).then_some(())
        })
        .await;
    }

    /// Closes it.
    pub async fn close(self) {
        self.client.close().await.expect("the window closes");
    }
}
