//! The declarations: every variable of the platform, once.

use std::path::PathBuf;

use ipnet::IpNet;

use super::{ConnectionUrl, DeploymentKind, Secret, StorageBackend, TimeZone};
use crate::{
    id::Layout,
    limits::Rate,
    mail::{Sender, SmtpServer},
    telemetry::LogFormat,
};

crate::settings! {
    /// The process and its surroundings.
    pub struct Runtime, "Runtime" {
        /// `development` or `production`. Production refuses to start with weak secrets, wildcard hosts, debug or local addresses.
        environment: DeploymentKind = ["ENVIRONMENT"] or "development",
        /// Folder of the SQLite database, of local media and of keys. Created when missing.
        data_dir: PathBuf = ["SELFLINK_DATA_DIR"] or "./data",
        /// The instance's secret: encrypts secrets at rest, and signs tokens unless `JWT_SIGNING_KEY` is set. At least 32 characters in production.
        secret_key: Secret = ["SECRET_KEY", "DJANGO_SECRET_KEY"] or "unsafe-secret-key",
        /// Development conveniences; refused in production.
        debug: bool = ["DEBUG", "DJANGO_DEBUG"] or "false",
        /// `true` marks a container: a `DATABASE_URL` on localhost then stops the start. Blank: in production, the presence of `/.dockerenv` marks one too; development containers often have their database beside them.
        in_container: Option<bool> = ["RUNNING_IN_DOCKER"] or "",
        /// Layout of new ids, chosen when a database is first migrated and stored in it: `compact` (below 10^15, exact in every
        /// JavaScript client) or `snowflake` (63 bits, continues older data). Blank: what the database has, `compact` for a new one.
        id_layout: Option<Layout> = ["ID_LAYOUT"] or "",
        /// The instance's time zone, such as `Europe/Berlin`: when a day begins, and the quiet hours of people who name no zone.
        time_zone: TimeZone = ["TZ"] or "UTC",
    }
}

crate::settings! {
    /// HTTP.
    pub struct HttpSettings, "HTTP" {
        /// Host names that the instance answers to, `*` for any; other `Host` headers get a 400.
        allowed_hosts: Vec<String> = ["ALLOWED_HOSTS", "DJANGO_ALLOWED_HOSTS"] or "*",
        /// Base of absolute URLs in answers, for instance `https://api.example.org`. Blank: the host of the request.
        public_base_url: String = ["PUBLIC_BASE_URL"] or "",
        /// Origins whose pages may call the API with credentials.
        cors_allowed_origins: Vec<String> = ["CORS_ALLOWED_ORIGINS"] or "http://localhost:5173, http://127.0.0.1:5173, http://localhost:8082, http://127.0.0.1:8082, https://georgetoloraia.github.io, https://community.self-link.com",
        /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        trusted_proxies: Vec<IpNet> = ["TRUSTED_PROXIES"] or "127.0.0.0/8, ::1/128",
        /// Largest JSON or form body, in bytes; more is answered with 413.
        body_limit: usize = ["HTTP_BODY_LIMIT"] or "5000000",
        /// Largest multipart body, in bytes; more is answered with 413.
        upload_limit: usize = ["HTTP_UPLOAD_LIMIT"] or "110000000",
        /// Seconds that a request may take before it is answered with 503.
        request_timeout_seconds: u64 = ["HTTP_REQUEST_TIMEOUT_SECONDS"] or "30",
        /// Seconds that a request with files may take, however slow its sender, before it is answered with 503.
        upload_timeout_seconds: u64 = ["HTTP_UPLOAD_TIMEOUT_SECONDS"] or "300",
        /// Connections served at once; more wait to be accepted.
        max_connections: usize = ["HTTP_MAX_CONNECTIONS"] or "10000",
        /// Seconds that requests in flight and running jobs get to finish after SIGTERM.
        shutdown_seconds: u64 = ["SHUTDOWN_SECONDS"] or "10",
        /// Bearer token that `/metrics` asks for. Blank: `/metrics` answers only to private and loopback addresses.
        metrics_token: Option<Secret> = ["METRICS_TOKEN"] or "",
    }
}

crate::settings! {
    /// The main database.
    pub struct DatabaseSettings, "Database" {
        /// `postgres://…` or `sqlite://path`. Blank: `selflink.db` in the data folder.
        url: Option<ConnectionUrl> = ["DATABASE_URL"] or "",
        /// A direct PostgreSQL URL for the job queue when `DATABASE_URL` leads through a transaction pooler (PgBouncer). Blank: asked of the server.
        direct_url: Option<ConnectionUrl> = ["DATABASE_DIRECT_URL"] or "",
        /// Require TLS to PostgreSQL.
        ssl: bool = ["DATABASE_SSL"] or "false",
        /// Connections to PostgreSQL per process, or readers of SQLite.
        pool_size: u32 = ["DATABASE_POOL_SIZE"] or "16",
        /// Seconds a request waits for a free connection before it is answered with 503.
        acquire_timeout_seconds: u64 = ["DATABASE_ACQUIRE_TIMEOUT_SECONDS"] or "10",
    }
}

crate::settings! {
    /// Redis.
    pub struct RedisSettings, "Redis" {
        /// Shared cache, throttles and rate limits. Blank: kept in each process.
        url: Option<ConnectionUrl> = ["REDIS_URL", "CACHE_URL"] or "",
        /// Publish/subscribe between processes, and what connected clients may have missed. Must lead to the same server from every process. Blank: `REDIS_URL`; without both, inside the process.
        pubsub_url: Option<ConnectionUrl> = ["REALTIME_REDIS_URL", "PUBSUB_REDIS_URL"] or "",
        /// Put before every key and channel, so that several instances can share a Redis.
        prefix: String = ["REDIS_PREFIX"] or "selflink:",
    }
}

crate::settings! {
    /// Background jobs.
    pub struct JobSettings, "Background jobs" {
        /// Jobs that one worker process runs at the same time.
        concurrency: usize = ["JOBS_CONCURRENCY", "CELERY_WORKER_CONCURRENCY"] or "4",
    }
}

crate::settings! {
    /// Access and refresh tokens.
    pub struct TokenSettings, "Tokens" {
        /// HS256 key of tokens. Blank: `SECRET_KEY`. At least 32 characters in production.
        signing_key: Option<Secret> = ["JWT_SIGNING_KEY"] or "",
        /// A further key with which the realtime gateway verifies tokens, for those of another program. Blank: the signing key alone.
        realtime_secret: Option<Secret> = ["REALTIME_JWT_SECRET"] or "",
        /// Minutes that an access token lives.
        access_minutes: u32 = ["JWT_ACCESS_MINUTES"] or "15",
        /// Days that a refresh token lives, from each refresh anew.
        refresh_days: u32 = ["JWT_REFRESH_DAYS"] or "7",
    }
}

crate::settings! {
    /// Password hashing (argon2id).
    pub struct PasswordSettings, "Passwords" {
        /// Memory of one hash, in KiB.
        memory_kib: u32 = ["PASSWORD_HASH_MEMORY_KIB"] or "19456",
        /// Passes over that memory.
        iterations: u32 = ["PASSWORD_HASH_ITERATIONS"] or "2",
    }
}

crate::settings! {
    /// Throttles (sliding window, every API endpoint) and rate limits (fixed window, only when switched on).
    pub struct ThrottleSettings, "Throttles and rate limits" {
        /// Requests per client address.
        ip: Option<Rate> = ["THROTTLE_IP_RATE"] or "240/min",
        /// Requests per signed-in user, or per address without one.
        user: Option<Rate> = ["THROTTLE_USER_RATE"] or "120/min",
        /// Anonymous requests per address.
        anon: Option<Rate> = ["THROTTLE_ANON_RATE"] or "60/min",
        /// Switches the fixed-window limits on, such as `AUTH_RPS_IP`.
        rate_limits_enabled: bool = ["RATE_LIMITS_ENABLED"] or "false",
    }
}

crate::settings! {
    /// Uploaded files.
    pub struct StorageSettings, "Storage" {
        /// `local` (a folder) or `s3` (any S3-compatible store).
        backend: StorageBackend = ["STORAGE_BACKEND"] or "local",
        /// Folder of local files. Blank: `media` in the data folder.
        media_root: Option<PathBuf> = ["MEDIA_ROOT"] or "",
        /// Serve local files at `/media/` from the API.
        serve_media: bool = ["SERVE_MEDIA"] or "false",
        /// Endpoint of the S3-compatible store, such as `https://s3.example.org`.
        s3_endpoint: String = ["S3_ENDPOINT"] or "",
        /// Access key.
        s3_access_key_id: Secret = ["S3_ACCESS_KEY_ID"] or "",
        /// Secret key.
        s3_secret_access_key: Secret = ["S3_SECRET_ACCESS_KEY"] or "",
        /// Bucket; must exist.
        s3_bucket: String = ["S3_BUCKET"] or "",
        /// Region that requests are signed for.
        s3_region: String = ["S3_REGION"] or "us-east-1",
        /// Sign the URLs of files (they then expire after an hour); `false` for a public bucket.
        s3_querystring_auth: bool = ["S3_QUERYSTRING_AUTH"] or "true",
    }
}

crate::settings! {
    /// E-mail.
    pub struct MailSettings, "E-mail" {
        /// The mail server: `smtps://user:password@host[:465]`, or `smtp://user:password@host[:587]` for one that starts TLS on demand (STARTTLS, required); `?tls=none` at the end only for a relay of one's own. User and password percent-encoded; a path is the name by which this machine introduces itself. Blank: in development mails are written to the log, in production they are refused.
        smtp: Option<SmtpServer> = ["SMTP_URL"] or "",
        /// Whom mails are from: an address, or a name with the address in angle brackets.
        from: Sender = ["MAIL_FROM", "DEFAULT_FROM_EMAIL"] or "noreply@selflink.app",
        /// Seconds that the mail server may take for a mail.
        timeout_seconds: u64 = ["SMTP_TIMEOUT_SECONDS"] or "30",
    }
}

crate::settings! {
    /// Logs, metrics, traces.
    pub struct TelemetrySettings, "Logs and traces" {
        /// Least level of log lines, or a filter such as `info,selflink=debug`.
        log_level: String = ["LOG_LEVEL", "DJANGO_LOG_LEVEL"] or "info",
        /// `json` (one object per line) or `pretty`. Blank: `json` in production, else `pretty`.
        log_format: Option<LogFormat> = ["LOG_FORMAT"] or "",
        /// OTLP/HTTP endpoint that traces are sent to, such as `http://collector:4318`. Blank: no traces.
        otlp_endpoint: Option<ConnectionUrl> = ["OTEL_EXPORTER_OTLP_ENDPOINT"] or "",
        /// Share of requests that are traced, in percent.
        trace_percent: u32 = ["TRACE_PERCENT"] or "10",
    }
}
