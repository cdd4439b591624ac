//! A cache of JSON values by key, in this process or shared in Redis.
//!
//! The cache is never needed for an answer to be right: what fails in it is a miss, logged at most once per
//! 10 seconds and counted in `selflink_cache_failures_total`.

mod flights;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::Expiry;
use redis::RedisResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::flights::Flights;
use crate::redis_client::{LogPause, RedisClient};

/// A cache. Clones share its contents.
#[derive(Clone)]
pub struct Cache {
    backend: Backend,
    flights: Flights,
    log_pause: Arc<LogPause>,
}

#[derive(Clone)]
enum Backend {
    InProcess(moka::sync::Cache<String, Entry>),
    Redis { redis: RedisClient, prefix: Arc<str> },
}

#[derive(Clone)]
struct Entry {
    json: Bytes,
    ttl: Duration,
}

/// Gives each entry of the in-process cache its own time to live.
struct TimeToLive;

impl Expiry<String, Entry> for TimeToLive {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

impl Cache {
    /// A cache of this process, of at most `max_entries` values; beyond it the least used ones go.
    pub fn in_process(max_entries: u64) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(max_entries)
            .expire_after(TimeToLive)
            .build();
        Self::new(Backend::InProcess(entries))
    }

    /// A cache in Redis, shared by all processes, under `<prefix>cache:<key>`.
    pub fn redis(redis: RedisClient, prefix: &str) -> Self {
        Self::new(Backend::Redis {
            redis,
            prefix: prefix.into(),
        })
    }

    fn new(backend: Backend) -> Self {
        Self {
            backend,
            flights: Flights::default(),
            log_pause: Arc::default(),
        }
    }

    /// The value stored under `key`. One that cannot be read as a `T`, perhaps written by another version of
    /// the program, is a miss.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let json = self.get_json(key).await?;
        self.read(key, &json)
    }

    /// Stores `value` for `ttl`, in milliseconds at the finest; a `ttl` of 0 stores nothing.
    pub async fn set<T: Serialize>(&self, key: &str, value: &T, ttl: Duration) {
        if let Some(json) = self.write(key, value) {
            self.set_json(key, json, ttl).await;
        }
    }

    /// Forgets `key`. A load of it that is under way in this process will not be stored.
    pub async fn delete(&self, key: &str) {
        self.flights.forget(key);
        match &self.backend {
            Backend::InProcess(entries) => entries.invalidate(key),
            Backend::Redis { redis, prefix } => {
                let mut command = redis::cmd("DEL");
                command.arg(format!("{prefix}cache:{key}"));
                let result: RedisResult<()> = run(redis, &command).await;
                if let Err(error) = result {
                    self.report("delete", key, &error);
                }
            }
        }
    }

    /// The value stored under `key`, or what `load` returns, which is then stored for `ttl`.
    ///
    /// However many ask for the same key at once, one of them loads it in each process and the others wait
    /// and share its result. If it fails or gives up, the next of them loads.
    ///
    /// # Errors
    /// What `load` returned.
    pub async fn get_or_load<T, E, F>(
        &self,
        key: &str,
        ttl: Duration,
        load: impl FnOnce() -> F,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.get(key).await {
            return Ok(value);
        }
        let flight = self.flights.join(key);
        let mut loaded = flight.wait_for_turn().await;
        if let Some(value) = loaded.as_ref().and_then(|json| self.read(key, json)) {
            return Ok(value);
        }
        let value = load().await?;
        if let Some(json) = self.write(key, &value) {
            *loaded = Some(json.clone());
            if flight.is_current() {
                self.set_json(key, json, ttl).await;
            }
        }
        flight.land();
        Ok(value)
    }

    async fn get_json(&self, key: &str) -> Option<Bytes> {
        let json = match &self.backend {
            Backend::InProcess(entries) => entries.get(key).map(|entry| entry.json),
            Backend::Redis { redis, prefix } => {
                let mut command = redis::cmd("GET");
                command.arg(format!("{prefix}cache:{key}"));
                let result: RedisResult<Option<Bytes>> = run(redis, &command).await;
                result.unwrap_or_else(|error| {
                    self.report("get", key, &error);
                    None
                })
            }
        };
        let result = if json.is_some() { "hit" } else { "miss" };
        metrics::counter!("selflink_cache_gets_total", "result" => result).increment(1);
        json
    }

    async fn set_json(&self, key: &str, json: Bytes, ttl: Duration) {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 {
            return;
        }
        match &self.backend {
            Backend::InProcess(entries) => entries.insert(key.to_owned(), Entry { json, ttl }),
            Backend::Redis { redis, prefix } => {
                let mut command = redis::cmd("SET");
                command
                    .arg(format!("{prefix}cache:{key}"))
                    .arg(&json[..])
                    .arg("PX")
                    .arg(millis);
                let result: RedisResult<()> = run(redis, &command).await;
                if let Err(error) = result {
                    self.report("set", key, &error);
                }
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, key: &str, json: &[u8]) -> Option<T> {
        serde_json::from_slice(json)
            .inspect_err(|error| self.report("read", key, error))
            .ok()
    }

    fn write<T: Serialize>(&self, key: &str, value: &T) -> Option<Bytes> {
        let json = serde_json::to_vec(value)
            .inspect_err(|error| self.report("write", key, error))
            .ok()?;
        Some(json.into())
    }

    fn report(&self, operation: &'static str, key: &str, error: &dyn std::error::Error) {
        metrics::counter!("selflink_cache_failures_total", "operation" => operation).increment(1);
        if self.log_pause.is_over() {
            tracing::warn!(%error, key, operation, "the cache failed, going on without it");
        }
    }
}

async fn run<T: redis::FromRedisValue>(redis: &RedisClient, command: &redis::Cmd) -> RedisResult<T> {
    redis
        .run(|mut connection| async move { command.query_async(&mut connection).await })
        .await
}
