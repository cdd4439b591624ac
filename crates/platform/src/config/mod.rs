//! The settings of the instance: each declared once, read once from the environment, never looked up again.

mod base_url;
mod guardrails;
mod reference;
mod sections;
mod setting;
mod time_zone;
mod within;

use std::path::PathBuf;

pub use base_url::BaseUrl;
pub use guardrails::warnings;
pub use reference::{markdown, values};
pub use sections::{
    DatabaseSettings, HttpSettings, JobSettings, MailSettings, PasswordSettings, RedisSettings, Runtime,
    StorageSettings, TelemetrySettings, ThrottleSettings, TokenSettings,
};
pub use setting::{ConnectionUrl, Environment, Mask, Secret, Section, Setting, Variable};
pub use time_zone::TimeZone;
pub use within::Within;

/// Where an instance runs: decides how strict the start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum DeploymentKind {
    /// A laptop or a test: defaults that merely work are accepted.
    Development,
    /// Strangers use it: weak secrets, wildcard hosts and local addresses stop the start.
    Production,
}
crate::choice_setting!(DeploymentKind);

/// Where uploaded files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum StorageBackend {
    /// A folder.
    Local,
    /// An S3-compatible store.
    S3,
}
crate::choice_setting!(StorageBackend);

/// All settings of the platform. Domains declare their own sections beside it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The process and its surroundings.
    pub runtime: Runtime,
    /// HTTP.
    pub http: HttpSettings,
    /// The main database.
    pub database: DatabaseSettings,
    /// Redis.
    pub redis: RedisSettings,
    /// Background jobs.
    pub jobs: JobSettings,
    /// Access and refresh tokens.
    pub tokens: TokenSettings,
    /// Password hashing.
    pub passwords: PasswordSettings,
    /// Throttles and rate limits.
    pub throttles: ThrottleSettings,
    /// Uploaded files.
    pub storage: StorageSettings,
    /// E-mail.
    pub mail: MailSettings,
    /// Logs, metrics, traces.
    pub telemetry: TelemetrySettings,
}

/// Why the settings cannot be used: one sentence per problem, each naming its variable.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads and checks everything; all problems are reported together.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let config = Self::read_sections(environment, &mut problems);
        match config {
            Some(config) if problems.is_empty() => {
                problems.extend(guardrails::check(&config, environment));
                if problems.is_empty() {
                    Ok(config)
                } else {
                    Err(ConfigError(problems))
                }
            }
            _ => Err(ConfigError(problems)),
        }
    }

    fn read_sections(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        let (runtime, http) = (
            Runtime::read(environment, problems),
            HttpSettings::read(environment, problems),
        );
        let (database, redis) = (
            DatabaseSettings::read(environment, problems),
            RedisSettings::read(environment, problems),
        );
        let (jobs, tokens) = (
            JobSettings::read(environment, problems),
            TokenSettings::read(environment, problems),
        );
        let passwords = PasswordSettings::read(environment, problems);
        let throttles = ThrottleSettings::read(environment, problems);
        let storage = StorageSettings::read(environment, problems);
        let mail = MailSettings::read(environment, problems);
        let telemetry = TelemetrySettings::read(environment, problems);
        Some(Self {
            runtime: runtime?,
            http: http?,
            database: database?,
            redis: redis?,
            jobs: jobs?,
            tokens: tokens?,
            passwords: passwords?,
            throttles: throttles?,
            storage: storage?,
            mail: mail?,
            telemetry: telemetry?,
        })
    }

    /// Every variable of the platform, section by section.
    pub fn variables() -> Vec<Variable> {
        [
            Runtime::VARIABLES,
            HttpSettings::VARIABLES,
            DatabaseSettings::VARIABLES,
            RedisSettings::VARIABLES,
            JobSettings::VARIABLES,
            TokenSettings::VARIABLES,
            PasswordSettings::VARIABLES,
            ThrottleSettings::VARIABLES,
            StorageSettings::VARIABLES,
            MailSettings::VARIABLES,
            TelemetrySettings::VARIABLES,
        ]
        .concat()
    }

    /// Whether strangers use this instance.
    pub fn is_production(&self) -> bool {
        self.runtime.environment == DeploymentKind::Production
    }

    /// The main database: as configured, else a SQLite file in the data folder.
    pub fn database_url(&self) -> ConnectionUrl {
        self.database.url.clone().unwrap_or_else(|| {
            ConnectionUrl::new(format!(
                "sqlite://{}",
                self.runtime.data_dir.join("selflink.db").display()
            ))
        })
    }

    /// The key that signs tokens.
    pub fn signing_key(&self) -> &Secret {
        self.tokens
            .signing_key
            .as_ref()
            .unwrap_or(&self.runtime.secret_key)
    }

    /// The folder of uploaded files when storage is local.
    pub fn media_root(&self) -> PathBuf {
        self.storage
            .media_root
            .clone()
            .unwrap_or_else(|| self.runtime.data_dir.join("media"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(environment: &Environment) -> String {
        Config::read(environment).expect_err("is refused").to_string()
    }

    #[test]
    fn an_empty_environment_is_a_development_instance() {
        let config = Config::read(&Environment::default()).expect("is valid");
        assert!(!config.is_production());
        assert_eq!(config.database_url().expose(), "sqlite://./data/selflink.db");
        assert_eq!(config.tokens.access_minutes, 15);
    }

    #[test]
    fn older_names_are_accepted_and_newer_ones_win() {
        let older = Environment::default().with("DJANGO_SECRET_KEY", "old");
        assert_eq!(
            Config::read(&older)
                .expect("is valid")
                .runtime
                .secret_key
                .expose(),
            "old"
        );
        let both = older.with("SECRET_KEY", "new");
        assert_eq!(
            Config::read(&both).expect("is valid").runtime.secret_key.expose(),
            "new"
        );
    }

    #[test]
    fn every_problem_is_reported_with_its_variable() {
        let text = error_of(
            &Environment::default()
                .with("JWT_ACCESS_MINUTES", "soon")
                .with("THROTTLE_IP_RATE", "many"),
        );
        assert!(
            text.contains("JWT_ACCESS_MINUTES must be a whole number"),
            "{text}"
        );
        assert!(text.contains("THROTTLE_IP_RATE must be a rate"), "{text}");
    }

    #[test]
    fn secrets_and_passwords_are_not_shown() {
        let environment = Environment::default()
            .with("SECRET_KEY", "s3cret-one")
            .with("DATABASE_URL", "postgres://u:s3cret-two@db/x")
            .with("REDIS_URL", "redis://:s3cret-three@redis:6379/0");
        let config = Config::read(&environment).expect("is valid");
        let shown = format!("{config:?} {}", values(&Config::variables(), &environment));
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn production_refuses_what_merely_works() {
        let text = error_of(
            &Environment::default()
                .with("ENVIRONMENT", "production")
                .with("DEBUG", "true"),
        );
        for name in ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "DEBUG"] {
            assert!(text.contains(name), "{name} is not named in: {text}");
        }
    }

    #[test]
    fn a_local_database_inside_a_container_is_refused() {
        let environment = Environment::default()
            .with("RUNNING_IN_DOCKER", "true")
            .with("DATABASE_URL", "postgres://u@localhost/x");
        assert_eq!(
            error_of(&environment),
            "DATABASE_URL points to localhost inside Docker. Use Docker hostnames like pgbouncer or postgres instead."
        );
    }

    #[test]
    fn the_storage_backend_is_checked() {
        let unknown = Environment::default().with("STORAGE_BACKEND", "x");
        assert_eq!(
            error_of(&unknown),
            "STORAGE_BACKEND must be one of ['local', 's3']; got 'x'."
        );
        let incomplete = Environment::default()
            .with("STORAGE_BACKEND", "s3")
            .with("S3_BUCKET", "b");
        assert_eq!(
            error_of(&incomplete),
            "STORAGE_BACKEND=s3 requires: S3_ENDPOINT, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY"
        );
    }
}
