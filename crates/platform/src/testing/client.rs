//! A client that reads as the conversation it has.

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

/// An HTTP client below `/api/v1/`, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The access token it sends.
    pub token: Option<String>,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The JSON body, if the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

impl Client {
    /// A client of the instance at `url`.
    pub fn new(url: &str) -> Self {
        crate::tls::use_ring();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            http,
            base: format!("{url}/api/v1/"),
            token: None,
            headers: Vec::new(),
        }
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client with a further header.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = match path.strip_prefix('/') {
            Some(absolute) => format!("{}/{absolute}", self.base.trim_end_matches("/api/v1/")),
            None if path.starts_with("http") => path.to_owned(),
            None => format!("{}{path}", self.base),
        };
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request with a body of any kind.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        answer(
            self.request(method, path)
                .header("content-type", content_type)
                .body(body),
        )
        .await
    }

    /// Sends a request without a body. A path that begins with `/` is not below `/api/v1/`; a URL is taken as it is.
    pub async fn call(&self, method: &str, path: &str) -> Answer {
        answer(self.request(Method::from_bytes(method.as_bytes()).expect("a method"), path)).await
    }

    /// Sends a request, with a JSON body or none, to an instance that may end before it has answered.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, reqwest::Error> {
        let request = self.request(Method::from_bytes(method.as_bytes()).expect("a method"), path);
        try_answer(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "application/json", body.to_string())
            .await
    }

    /// PATCH of a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, "application/json", body.to_string())
            .await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    try_answer(request).await.expect("the instance answers")
}

async fn try_answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer {
        status,
        headers,
        text: response.text().await?,
    })
}
