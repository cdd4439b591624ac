//! The pages for staff.

mod content;
mod forms;
mod sign_in;

use platform::testing::{Answer, Client, TestApp};

use crate::support::{PASSWORD, TestUser, execute, staff};

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser as far as these pages need one: it keeps one cookie of each name.
struct Browser {
    client: Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new(app: &TestApp) -> Self {
        Self {
            client: app.client(),
            cookies: Vec::new(),
        }
    }

    /// One whose user has signed in.
    async fn of(app: &TestApp, user: &TestUser) -> Self {
        let mut browser = Self::new(app);
        let answer = browser.sign_in(&user.email, PASSWORD, "/admin/").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/admin/"),
            "{}",
            answer.text
        );
        browser
    }

    fn client(&self) -> Client {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.client.with_header("cookie", &cookies.join("; "))
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().expect("is text");
            let (pair, attributes) = text.split_once(';').expect("has attributes");
            assert!(
                attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
                "{text}"
            );
            let (name, value) = pair.split_once('=').expect("is a pair");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.client().get(path).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form with exactly these fields.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.client().send("POST", path, FORM, encode(fields)).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form of a page, with what protects it.
    async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        let csrf = csrf_of(&shown.text);
        self.post(path, &[fields, &[("csrf", &csrf)]].concat()).await
    }

    async fn sign_in(&mut self, email: &str, password: &str, next: &str) -> Answer {
        let fields = [("email", email), ("password", password), ("next", next)];
        self.send("/admin/login/", "/admin/login/", &fields).await
    }
}

fn encode(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut all, byte| {
            use std::fmt::Write as _;
            let _ = write!(all, "%{byte:02X}");
            all
        })
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("no {name} in: {page}"));
    rest.split('"').next().expect("ends").to_owned()
}

fn csrf_of(page: &str) -> String {
    hidden(page, "csrf")
}

async fn superuser(app: &TestApp) -> TestUser {
    let boss = staff(app).await;
    execute(
        app,
        &format!("UPDATE users SET is_superuser = TRUE WHERE id = {}", boss.id),
    )
    .await;
    boss
}
