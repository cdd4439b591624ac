use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use redis::Script;

use super::expiring::Expiring;
use super::{MAX_KEYS, report_failure};
use crate::clock::Clock;
use crate::redis_client::{LogPause, RedisClient};

/// Fixed windows: the first hit opens a window, and until it ends only so many are allowed.
#[derive(Clone)]
pub struct FixedWindows(Backend);

#[derive(Clone)]
enum Backend {
    InProcess {
        clock: Clock,
        counts: Arc<Mutex<Expiring<i64>>>,
    },
    Redis {
        redis: RedisClient,
        prefix: Arc<str>,
        log_pause: Arc<LogPause>,
    },
}

impl FixedWindows {
    /// Counts in this process: right for one process, and for tests.
    pub fn in_process(clock: Clock) -> Self {
        Self(Backend::InProcess {
            clock,
            counts: Arc::new(Mutex::new(Expiring::new(MAX_KEYS))),
        })
    }

    /// Counts in Redis, under `<prefix>rl:<key>`.
    pub fn redis(redis: RedisClient, prefix: &str) -> Self {
        Self(Backend::Redis {
            redis,
            prefix: prefix.into(),
            log_pause: Arc::default(),
        })
    }

    /// Counts a hit on `key` and tells whether it is within `limit` for the window of `window_seconds`
    /// that the first hit opened. A limit or window of 0 or less allows everything.
    pub async fn allow(&self, key: &str, limit: i64, window_seconds: i64) -> bool {
        if limit <= 0 || window_seconds <= 0 {
            return true;
        }
        let hits = match &self.0 {
            Backend::InProcess { clock, counts } => {
                count_in_process(&mut counts.lock(), clock, key, window_seconds)
            }
            Backend::Redis {
                redis,
                prefix,
                log_pause,
            } => count_in_redis(redis, &format!("{prefix}rl:{key}"), window_seconds)
                .await
                .unwrap_or_else(|error| {
                    report_failure("fixed window", &error, log_pause);
                    0
                }),
        };
        hits <= limit
    }
}

fn count_in_process(counts: &mut Expiring<i64>, clock: &Clock, key: &str, window_seconds: i64) -> i64 {
    let now = clock.now().timestamp_micros();
    counts.clear_expired(now);
    let key = counts.fingerprint(key);
    let window = window_seconds.saturating_mul(1_000_000);
    let ends_at = now.saturating_add(window);
    let entry = counts.entry(key, ends_at);
    if entry.expires_at <= now {
        entry.value = 0;
        entry.expires_at = ends_at;
    }
    // A clock that was set back must not stretch the window.
    entry.expires_at = entry.expires_at.min(ends_at);
    entry.value += 1;
    entry.value
}

/// The expiry is set with the first hit, and again should it ever be missing: a count without one would
/// block its key for good.
static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local hits = redis.call('INCR', KEYS[1])
if hits == 1 or redis.call('TTL', KEYS[1]) < 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return hits",
    )
});

async fn count_in_redis(redis: &RedisClient, key: &str, window_seconds: i64) -> redis::RedisResult<i64> {
    let mut count = COUNT.key(key);
    let count = &*count.arg(window_seconds);
    redis
        .run(|mut connection| async move { count.invoke_async(&mut connection).await })
        .await
}
