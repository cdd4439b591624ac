//! Settings that parse but must not be started with.

use std::path::Path;

use super::{Config, ConnectionUrl, Environment, Secret, StorageBackend};

/// Shortest secret that production accepts, in characters.
const LEAST_SECRET: usize = 32;

/// The last resort of older gateways, known from their source.
const PUBLIC_SECRET: &str = "unsafe-realtime-secret";

fn is_public(secret: &Secret) -> bool {
    secret.expose() == PUBLIC_SECRET
}

/// What stops the start, one sentence per problem.
pub(super) fn check(config: &Config, environment: &Environment) -> Vec<String> {
    let mut problems = Vec::new();
    let in_container = config
        .runtime
        .in_container
        .unwrap_or_else(|| config.is_production() && Path::new("/.dockerenv").exists());
    if in_container && config.database.url.as_ref().is_some_and(ConnectionUrl::is_local) {
        problems.push(
            "DATABASE_URL points to localhost inside Docker. Use Docker hostnames like pgbouncer or postgres instead.".to_owned(),
        );
    }
    if config.storage.backend == StorageBackend::S3 {
        problems.extend(missing_s3_settings(config));
    }
    if config.tokens.realtime_secret.as_ref().is_some_and(is_public) || is_public(config.signing_key()) {
        problems.push(format!(
            "REALTIME_JWT_SECRET or the key of tokens is \"{PUBLIC_SECRET}\", which everybody knows: anyone could connect as anybody. Choose a random value, or unset REALTIME_JWT_SECRET."
        ));
    }
    if config.runtime.secret_key.expose().is_empty() {
        problems.push("SECRET_KEY is empty".to_owned());
    }
    if config.is_production() {
        problems.extend(production(config, environment));
    }
    problems
}

fn missing_s3_settings(config: &Config) -> Option<String> {
    let storage = &config.storage;
    let missing: Vec<&str> = [
        ("S3_ENDPOINT", storage.s3_endpoint.as_str()),
        ("S3_ACCESS_KEY_ID", storage.s3_access_key_id.expose()),
        ("S3_SECRET_ACCESS_KEY", storage.s3_secret_access_key.expose()),
        ("S3_BUCKET", storage.s3_bucket.as_str()),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.is_empty().then_some(name))
    .collect();
    (!missing.is_empty()).then(|| format!("STORAGE_BACKEND=s3 requires: {}", missing.join(", ")))
}

fn production(config: &Config, environment: &Environment) -> Vec<String> {
    let mut problems = Vec::new();
    if config.runtime.debug {
        problems.push("DEBUG is true; production does not start with debug on".to_owned());
    }
    let key = if config.tokens.signing_key.is_some() {
        "JWT_SIGNING_KEY"
    } else {
        "SECRET_KEY"
    };
    let gateway = config.tokens.realtime_secret.as_ref();
    let secrets = [
        ("SECRET_KEY", &config.runtime.secret_key),
        (key, config.signing_key()),
    ];
    for (name, secret) in secrets
        .into_iter()
        .chain(gateway.map(|secret| ("REALTIME_JWT_SECRET", secret)))
    {
        if secret.expose().len() < LEAST_SECRET || secret.expose().contains("unsafe") {
            problems.push(format!(
                "{name} is a default or too short; production needs a random value of at least {LEAST_SECRET} characters"
            ));
        }
    }
    problems.dedup();
    let hosts = &config.http.allowed_hosts;
    let unsafe_host = |host: &String| ["*", "localhost", "127.0.0.1", "10.0.2.2"].contains(&host.as_str());
    if hosts.is_empty() || hosts.iter().any(unsafe_host) {
        problems.push(
            "ALLOWED_HOSTS is empty or contains *, localhost, 127.0.0.1 or 10.0.2.2; name the public hosts"
                .to_owned(),
        );
    }
    match &config.database.url {
        None => problems.push("DATABASE_URL is not set; production needs PostgreSQL".to_owned()),
        Some(url) if url.is_local() => {
            problems.push(
                "DATABASE_URL points to this machine; production needs the address of a database server"
                    .to_owned(),
            );
        }
        Some(_) => {}
    }
    for name in ["REDIS_URL", "PUBSUB_REDIS_URL", "REALTIME_REDIS_URL", "CACHE_URL"] {
        let text = environment.text(name);
        if !text.is_empty() && ConnectionUrl::new(text).is_local() {
            problems.push(format!(
                "{name} points to this machine; production needs the address of a Redis server"
            ));
        }
    }
    problems
}

/// What an operator should hear of but may keep.
pub fn warnings(config: &Config, environment: &Environment) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.storage.backend == StorageBackend::Local {
        let ignored: Vec<&str> = [
            "S3_ENDPOINT",
            "S3_ACCESS_KEY_ID",
            "S3_SECRET_ACCESS_KEY",
            "S3_BUCKET",
        ]
        .into_iter()
        .filter(|name| !environment.text(name).is_empty())
        .collect();
        if !ignored.is_empty() {
            warnings.push(format!("STORAGE_BACKEND=local ignores: {}", ignored.join(", ")));
        }
    }
    if let Some(secret) = &config.tokens.realtime_secret
        && secret != config.signing_key()
    {
        warnings.push(
            "REALTIME_JWT_SECRET differs from JWT_SIGNING_KEY: the realtime gateway takes tokens of both, the API those of the latter alone".to_owned(),
        );
    }
    if !environment.text("CELERY_BROKER_URL").is_empty() {
        warnings.push("CELERY_BROKER_URL is ignored: background jobs are kept in the database".to_owned());
    }
    if config.is_production() && !config.throttles.rate_limits_enabled {
        warnings.push("RATE_LIMITS_ENABLED is not true: sign-in is not limited per address".to_owned());
    }
    if config.is_production() && config.mail.smtp.is_none() {
        warnings.push(
            "SMTP_URL is not set: no mail can be sent, so nobody can reset a forgotten password".to_owned(),
        );
    }
    if !config.is_production() && config.signing_key().expose().contains("unsafe") {
        warnings.push(
            "SECRET_KEY has its default value: anyone can sign tokens; fine only on a laptop".to_owned(),
        );
    }
    warnings
}
