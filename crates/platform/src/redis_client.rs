//! The process's connection to Redis, shared by everything that talks to it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{Client, ErrorKind, IntoConnectionInfo, RedisError, RedisResult};
use tokio::time::{Instant, timeout};

use crate::tls;

/// How long a connection attempt may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a command may take, connecting included.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an established connection may leave sent data unacknowledged before the kernel gives it up;
/// without it a host that vanished would hold the connection for a quarter of an hour.
const UNACKNOWLEDGED_LIMIT: Duration = Duration::from_secs(10);
/// How long no command is tried after one failed, so that a Redis that hangs does not slow every request.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A connection to Redis that opens itself on first use and again after it broke.
///
/// Clones share the connection. A command waits at most 2 seconds; while Redis does not answer, one command
/// per second tries it and the others fail at once.
#[derive(Clone)]
pub struct RedisClient(Arc<Shared>);

struct Shared {
    client: Client,
    connection: ConnectionManager,
    paused_until: Mutex<Option<Instant>>,
}

/// The text given as a Redis URL is not one.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a usable Redis URL ({reason}); expected redis:// or rediss://[user:password@]host[:port][/database]"
)]
pub struct InvalidRedisUrl {
    reason: &'static str,
}

impl RedisClient {
    /// Prepares a connection without opening it: a Redis that is down is noticed by the first command.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When `url` is not a Redis URL. The error does not repeat the URL, which may contain a password.
    pub fn connect(url: &str) -> Result<Self, InvalidRedisUrl> {
        tls::use_ring();
        let unusable = |_: RedisError| InvalidRedisUrl {
            reason: "it could not be parsed",
        };
        let info = url.into_connection_info().map_err(unusable)?;
        let tcp = TcpSettings::default().set_nodelay(true);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(UNACKNOWLEDGED_LIMIT);
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(unusable)?;
        // No retries inside the manager: a command either works soon or reports the failure.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(COMMAND_TIMEOUT))
            .set_pipeline_buffer_size(1000);
        let connection =
            ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(|_| InvalidRedisUrl {
                reason: "its options contradict each other",
            })?;
        Ok(Self(Arc::new(Shared {
            client,
            connection,
            paused_until: Mutex::default(),
        })))
    }

    /// Runs commands on the connection, once more if the connection turned out to be broken.
    ///
    /// A command may therefore run twice, when the connection breaks between its execution and its answer.
    ///
    /// # Errors
    /// What Redis answered, or that it could not be reached or did not answer within 2 seconds.
    pub async fn run<T, F>(&self, commands: impl Fn(ConnectionManager) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.admit()?;
        let attempts = async {
            match commands(self.0.connection.clone()).await {
                Err(error) if is_connection_failure(&error) && !error.is_timeout() => {
                    commands(self.0.connection.clone()).await
                }
                result => result,
            }
        };
        let result = timeout(COMMAND_TIMEOUT, attempts)
            .await
            .unwrap_or_else(|_| Err(unreachable_error("no answer within 2 seconds")));
        let failed = result.as_ref().is_err_and(is_connection_failure);
        *self.0.paused_until.lock() = failed.then(|| Instant::now() + PAUSE_AFTER_FAILURE);
        result
    }

    /// Lets commands through, but after a failure none for a while and then one at a time until one succeeds:
    /// were they all to try a Redis that hangs, they would all wait for it.
    fn admit(&self) -> RedisResult<()> {
        let now = Instant::now();
        let mut paused_until = self.0.paused_until.lock();
        match *paused_until {
            None => {}
            Some(until) if now < until => return Err(unreachable_error("it failed a moment ago")),
            Some(_) => *paused_until = Some(now + COMMAND_TIMEOUT),
        }
        Ok(())
    }

    /// Asks Redis whether it is there, for readiness checks.
    ///
    /// # Errors
    /// As [`RedisClient::run`].
    pub async fn ping(&self) -> RedisResult<()> {
        self.run(async |mut connection| redis::cmd("PING").query_async(&mut connection).await)
            .await
    }

    /// Opens a connection of its own for subscriptions.
    pub(crate) async fn open_subscriber(&self) -> RedisResult<redis::aio::PubSub> {
        timeout(CONNECT_TIMEOUT, self.0.client.get_async_pubsub())
            .await
            .unwrap_or_else(|_| Err(unreachable_error("no connection within a second")))
    }
}

impl fmt::Debug for RedisClient {
    /// Names the server only: the connection's settings contain the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisClient")
            .field(&self.0.client.get_connection_info().addr().to_string())
            .finish()
    }
}

/// Whether the connection is at fault, rather than the command.
pub(crate) fn is_connection_failure(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

fn unreachable_error(reason: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, "Redis is not reachable", reason.to_owned()))
}

/// Lets a repeated log line through at most once per 10 seconds.
#[derive(Debug, Default)]
pub(crate) struct LogPause(Mutex<Option<Instant>>);

impl LogPause {
    pub(crate) fn is_over(&self) -> bool {
        let now = Instant::now();
        let mut last = self.0.lock();
        let over = last.is_none_or(|at| now.duration_since(at) >= Duration::from_secs(10));
        if over {
            *last = Some(now);
        }
        over
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// The Redis that the tests share, that of `TEST_REDIS_URL` as of the build or the one on this machine; every test
    /// uses keys of its own.
    pub(crate) const URL: &str = match option_env!("TEST_REDIS_URL") {
        Some(url) => url,
        None => "redis://127.0.0.1:6379/9",
    };

    pub(crate) fn random_prefix() -> String {
        format!("selflink-test-{}:", crate::clock::random_hex::<8>())
    }

    pub(crate) async fn delete_keys(prefix: &str) {
        let redis = RedisClient::connect(URL).unwrap();
        let keys: Vec<String> = redis
            .run(async |mut connection| {
                redis::cmd("KEYS")
                    .arg(format!("{prefix}*"))
                    .query_async(&mut connection)
                    .await
            })
            .await
            .unwrap();
        for key in keys {
            let deleted: RedisResult<()> = redis
                .run(async |mut connection| redis::cmd("DEL").arg(&key).query_async(&mut connection).await)
                .await;
            deleted.unwrap();
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        let error = tokio::runtime::Runtime::new().unwrap().block_on(async {
            RedisClient::connect("postgres://user:secret@host/")
                .unwrap_err()
                .to_string()
        });
        assert!(!error.contains("secret"), "{error}");
    }

    #[tokio::test]
    async fn debug_output_has_no_password() {
        let client = RedisClient::connect("redis://user:secret@127.0.0.1:1/0").unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_redis_that_is_down_fails_soon() {
        let client = RedisClient::connect("redis://127.0.0.1:1/0").unwrap();
        let started = Instant::now();
        for _ in 0..100 {
            client.ping().await.unwrap_err();
        }
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_redis_that_hangs_slows_only_the_first_command() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = RedisClient::connect(&format!("redis://{}", silent.local_addr().unwrap())).unwrap();
        let started = Instant::now();
        client.ping().await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(3));
        let started = Instant::now();
        for _ in 0..100 {
            client.ping().await.unwrap_err();
        }
        assert!(started.elapsed() < Duration::from_millis(500));
    }

    #[tokio::test]
    async fn answers_a_ping() {
        RedisClient::connect(URL).unwrap().ping().await.unwrap();
    }
}
