//! Google, Facebook and GitHub, as far as sign-in needs them, on a port of this machine.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form, Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use platform::testing::TestApp;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::keys::{FIRST_KEY, public_key};
use crate::support::start_with;

/// Id and secret of our app, at every provider.
pub const APP: &str = "our-app";
pub const SECRET: &str = "our-s3cret";
/// The redirect URI of a mobile app.
pub const APP_REDIRECT: &str = "https://auth.expo.io/@owner/slug";

/// Somebody with an account at a provider.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub uid: String,
    pub email: Option<String>,
    /// The provider has seen that the address is theirs.
    pub is_verified: bool,
    pub name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub login: String,
}

impl Person {
    /// Somebody with a verified address.
    pub fn called(login: &str, uid: &str) -> Self {
        Self {
            uid: uid.to_owned(),
            email: Some(format!("{login}@example.com")),
            is_verified: true,
            name: Some(format!("Name {login}")),
            login: login.to_owned(),
            ..Self::default()
        }
    }
}

/// How the providers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Failing,
    Busy,
    Garbled,
    Verbose,
    Silent,
    Elsewhere,
}

#[derive(Clone)]
struct Grant {
    app: String,
    person: Person,
}

#[derive(Clone)]
struct Code {
    grant: Grant,
    redirect_uri: String,
    verifier: Option<String>,
    token: String,
    id_token: Option<String>,
}

pub struct World {
    tokens: HashMap<String, Grant>,
    codes: HashMap<String, Code>,
    /// What is published as Google's keys.
    pub keys: Vec<Value>,
    pub cache_control: &'static str,
    pub mood: Mood,
    /// Whether tokens of GitHub show addresses.
    pub shows_addresses: bool,
    /// What was asked, by method and path.
    pub asked: Vec<String>,
}

/// The three of them. Ends with the test's runtime.
#[derive(Clone)]
pub struct Fake {
    pub url: String,
    pub world: Arc<Mutex<World>>,
}

impl Fake {
    pub async fn start() -> Self {
        let world = Arc::new(Mutex::new(World {
            tokens: HashMap::new(),
            codes: HashMap::new(),
            keys: vec![public_key(FIRST_KEY)],
            cache_control: "public, max-age=3600",
            mood: Mood::Well,
            shows_addresses: true,
            asked: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        let router = router(&world);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, world }
    }

    /// The settings of an instance with an app at each.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("GOOGLE_OAUTH_URL", format!("{}/google-oauth", self.url)),
            ("GOOGLE_API_URL", format!("{}/google-api", self.url)),
            ("FACEBOOK_GRAPH_URL", format!("{}/graph/v18.0", self.url)),
            ("GITHUB_URL", format!("{}/github", self.url)),
            ("GITHUB_API_URL", format!("{}/github-api", self.url)),
            ("SOCIAL_REDIRECT_URIS", APP_REDIRECT.to_owned()),
        ];
        for name in ["GOOGLE_CLIENT_ID", "FACEBOOK_CLIENT_ID", "GITHUB_CLIENT_ID"] {
            settings.push((name, APP.to_owned()));
        }
        for name in [
            "GOOGLE_CLIENT_SECRET",
            "FACEBOOK_CLIENT_SECRET",
            "GITHUB_CLIENT_SECRET",
        ] {
            settings.push((name, SECRET.to_owned()));
        }
        settings
    }

    /// An instance that knows them.
    pub async fn app(&self) -> TestApp {
        self.app_with(&[]).await
    }

    /// The same with further settings.
    pub async fn app_with(&self, further: &[(&str, &str)]) -> TestApp {
        let settings = self.settings();
        let mut settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        settings.extend(further);
        start_with(&settings).await
    }

    /// An access token that somebody has given to an app.
    pub fn token_for(&self, app: &str, person: &Person) -> String {
        let mut world = self.world.lock();
        let token = format!("t0ken-{}", world.tokens.len());
        let grant = Grant {
            app: app.to_owned(),
            person: person.clone(),
        };
        world.tokens.insert(token.clone(), grant);
        token
    }

    /// An access token for our app.
    pub fn token(&self, person: &Person) -> String {
        self.token_for(APP, person)
    }

    /// A code for our app; it works once.
    pub fn code(&self, person: &Person, redirect_uri: &str, verifier: Option<&str>) -> String {
        let token = self.token(person);
        let mut world = self.world.lock();
        let name = format!("c0de-{token}");
        let code = Code {
            grant: world.tokens[&token].clone(),
            redirect_uri: redirect_uri.to_owned(),
            verifier: verifier.map(str::to_owned),
            token,
            id_token: None,
        };
        world.codes.insert(name.clone(), code);
        name
    }

    /// Lets Google give a signed statement with the token of this code.
    pub fn add_id_token(&self, code: &str, id_token: &str) {
        let mut world = self.world.lock();
        world.codes.get_mut(code).expect("is a code").id_token = Some(id_token.to_owned());
    }

    /// How often a path was asked for.
    pub fn times_asked(&self, what: &str) -> usize {
        self.world
            .lock()
            .asked
            .iter()
            .filter(|asked| *asked == what)
            .count()
    }

    pub fn set_mood(&self, mood: Mood) {
        self.world.lock().mood = mood;
    }
}

type Shared = State<Arc<Mutex<World>>>;
type Fields = HashMap<String, String>;

fn router(world: &Arc<Mutex<World>>) -> Router {
    Router::new()
        .route("/google-oauth/token", post(google_token))
        .route("/google-oauth/tokeninfo", get(google_tokeninfo))
        .route("/google-api/oauth2/v2/userinfo", get(google_userinfo))
        .route("/google-api/oauth2/v3/certs", get(google_keys))
        .route("/graph/v18.0/oauth/access_token", get(facebook_token))
        .route("/graph/v18.0/debug_token", get(facebook_debug))
        .route("/graph/v18.0/me", get(facebook_me))
        .route("/github/login/oauth/access_token", post(github_token))
        .route("/github-api/applications/{app}/token", post(github_check))
        .route("/github-api/user", get(github_user))
        .route("/github-api/user/emails", get(github_emails))
        .layer(middleware::from_fn_with_state(Arc::clone(world), moody))
        .with_state(Arc::clone(world))
}

async fn moody(State(world): Shared, request: Request, next: Next) -> Response {
    let mood = {
        let mut world = world.lock();
        let asked = format!("{} {}", request.method(), request.uri().path());
        world.asked.push(asked);
        world.mood
    };
    match mood {
        Mood::Well => next.run(request).await,
        Mood::Failing => StatusCode::BAD_GATEWAY.into_response(),
        Mood::Busy => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Mood::Garbled => "<html>{\"id\": 1".into_response(),
        // A profile with a gigabyte of blanks behind it.
        Mood::Verbose => {
            let chunk = bytes::Bytes::from_static(&[b' '; 16384]);
            let chunks = std::iter::repeat_n(Ok::<_, std::convert::Infallible>(chunk), 65536);
            axum::body::Body::from_stream(futures::stream::iter(chunks)).into_response()
        }
        Mood::Silent => std::future::pending().await,
        Mood::Elsewhere => {
            (StatusCode::FOUND, [(header::LOCATION, request.uri().to_string())]).into_response()
        }
    }
}

fn refuse(status: StatusCode, body: Value) -> Response {
    (status, Json(body)).into_response()
}

fn grant(world: &Mutex<World>, token: Option<&str>) -> Option<Grant> {
    world.lock().tokens.get(token?).cloned()
}

/// The code, if it is exchanged as it must be. It is used up.
fn exchange(world: &Mutex<World>, fields: &Fields) -> Option<Code> {
    let code = world.lock().codes.remove(fields.get("code")?)?;
    let is_right = fields.get("client_id") == Some(&code.grant.app)
        && fields.get("client_secret").is_some_and(|secret| secret == SECRET)
        && fields.get("redirect_uri") == Some(&code.redirect_uri)
        && fields.get("code_verifier") == code.verifier.as_ref();
    is_right.then_some(code)
}

fn bearer(headers: &HeaderMap, scheme: &str) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Some(header.strip_prefix(scheme)?.trim().to_owned())
}

async fn google_token(State(world): Shared, Form(fields): Form<Fields>) -> Response {
    let grant_type = fields.get("grant_type").map(String::as_str);
    match exchange(&world, &fields).filter(|_| grant_type == Some("authorization_code")) {
        Some(code) => {
            Json(json!({ "access_token": code.token, "expires_in": 3599, "id_token": code.id_token }))
                .into_response()
        }
        None => refuse(StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" })),
    }
}

async fn google_tokeninfo(State(world): Shared, Query(query): Query<Fields>) -> Response {
    match grant(&world, query.get("access_token").map(String::as_str)) {
        Some(Grant { app, person }) => Json(json!({
            "azp": app, "aud": app, "sub": person.uid, "expires_in": "3599", "email_verified": "true",
        }))
        .into_response(),
        None => refuse(StatusCode::BAD_REQUEST, json!({ "error": "invalid_token" })),
    }
}

async fn google_userinfo(State(world): Shared, headers: HeaderMap) -> Response {
    match grant(&world, bearer(&headers, "Bearer").as_deref()) {
        Some(Grant { person, .. }) => Json(json!({
            "id": person.uid, "email": person.email, "verified_email": person.is_verified, "name": person.name,
            "given_name": person.first_name, "family_name": person.last_name, "picture": "https://example.com/p.png",
        }))
        .into_response(),
        None => refuse(StatusCode::UNAUTHORIZED, json!({ "error": { "code": 401 } })),
    }
}

async fn google_keys(State(world): Shared) -> Response {
    let world = world.lock();
    let headers = [(header::CACHE_CONTROL, world.cache_control)];
    (headers, Json(json!({ "keys": world.keys }))).into_response()
}

fn facebook_refusal() -> Response {
    let error = json!({ "message": "Error validating", "type": "OAuthException", "code": 190 });
    refuse(StatusCode::BAD_REQUEST, json!({ "error": error }))
}

async fn facebook_token(State(world): Shared, Query(query): Query<Fields>) -> Response {
    match exchange(&world, &query) {
        Some(code) => {
            Json(json!({ "access_token": code.token, "token_type": "bearer", "expires_in": 5_000_000 }))
                .into_response()
        }
        None => facebook_refusal(),
    }
}

async fn facebook_debug(State(world): Shared, Query(query): Query<Fields>) -> Response {
    if query.get("access_token") != Some(&format!("{APP}|{SECRET}")) {
        return facebook_refusal();
    }
    let data = match grant(&world, query.get("input_token").map(String::as_str)) {
        Some(Grant { app, person }) => {
            json!({ "app_id": app, "is_valid": true, "user_id": person.uid, "type": "USER" })
        }
        None => json!({ "is_valid": false, "error": { "code": 190 } }),
    };
    Json(json!({ "data": data })).into_response()
}

async fn facebook_me(State(world): Shared, Query(query): Query<Fields>) -> Response {
    let token = query.get("access_token").cloned().unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("is a key");
    mac.update(token.as_bytes());
    let proof = hex::encode(mac.finalize().into_bytes());
    match grant(&world, Some(&token)).filter(|_| query.get("appsecret_proof") == Some(&proof)) {
        Some(Grant { person, .. }) => {
            let mut me = json!({
                "id": person.uid, "name": person.name, "first_name": person.first_name, "last_name": person.last_name,
            });
            if person.is_verified {
                me["email"] = json!(person.email);
            }
            Json(me).into_response()
        }
        None => facebook_refusal(),
    }
}

async fn github_token(State(world): Shared, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    assert_eq!(
        headers[header::ACCEPT],
        "application/json",
        "else it answers with a form"
    );
    Json(match exchange(&world, &fields) {
        Some(code) => json!({ "access_token": code.token, "scope": "user:email", "token_type": "bearer" }),
        None => json!({ "error": "bad_verification_code", "error_description": "The code is incorrect or expired." }),
    })
    .into_response()
}

async fn github_check(
    State(world): Shared,
    Path(app): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let credentials = BASE64_STANDARD.encode(format!("{APP}:{SECRET}"));
    if app != APP || bearer(&headers, "Basic") != Some(credentials) {
        return refuse(StatusCode::UNAUTHORIZED, json!({ "message": "Bad credentials" }));
    }
    match grant(&world, body["access_token"].as_str()).filter(|grant| grant.app == APP) {
        Some(Grant { person, .. }) => {
            let id: u64 = person.uid.parse().expect("is a number");
            Json(json!({ "id": 1, "user": { "login": person.login, "id": id } })).into_response()
        }
        None => refuse(StatusCode::NOT_FOUND, json!({ "message": "Not Found" })),
    }
}

fn github_grant(world: &Mutex<World>, headers: &HeaderMap) -> Option<Person> {
    // GitHub refuses programs that do not say what they are.
    headers.get(header::USER_AGENT)?;
    Some(grant(world, bearer(headers, "token").as_deref())?.person)
}

async fn github_user(State(world): Shared, headers: HeaderMap) -> Response {
    match github_grant(&world, &headers) {
        Some(person) => {
            let id: u64 = person.uid.parse().expect("is a number");
            Json(json!({ "login": person.login, "id": id, "name": person.name, "email": "public@example.com" }))
                .into_response()
        }
        None => refuse(StatusCode::UNAUTHORIZED, json!({ "message": "Bad credentials" })),
    }
}

async fn github_emails(State(world): Shared, headers: HeaderMap) -> Response {
    let shows_addresses = world.lock().shows_addresses;
    match github_grant(&world, &headers).filter(|_| shows_addresses) {
        Some(person) => {
            let mut addresses =
                vec![json!({ "email": "other@example.com", "primary": false, "verified": true })];
            if let Some(email) = person.email {
                addresses.push(json!({ "email": email, "primary": true, "verified": person.is_verified }));
            }
            Json(addresses).into_response()
        }
        None => refuse(StatusCode::NOT_FOUND, json!({ "message": "Not Found" })),
    }
}
