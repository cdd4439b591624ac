use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use redis::Script;

use super::expiring::Expiring;
use super::{MAX_KEYS, Rate, report_failure};
use crate::clock::Clock;
use crate::redis_client::{LogPause, RedisClient};

/// Sliding windows: at most so many hits within the last period, for each scope and subject.
///
/// Exact, not an approximation: the time of every counted hit is kept until it leaves the window.
#[derive(Clone)]
pub struct Throttles(Backend);

#[derive(Clone)]
enum Backend {
    InProcess {
        clock: Clock,
        windows: Arc<Mutex<Windows>>,
    },
    Redis {
        redis: RedisClient,
        prefix: Arc<str>,
        log_pause: Arc<LogPause>,
    },
}

/// What a request counts towards.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// The name of the throttle, such as `login`.
    pub scope: &'a str,
    /// Whom it limits: a user's id, an address.
    pub subject: &'a str,
    /// How often it allows.
    pub rate: Rate,
}

/// The request came too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests, try again in {seconds} s")]
pub struct Wait {
    /// After how many seconds the request would pass, if no other came in between; at least 1.
    pub seconds: u64,
}

impl Wait {
    fn from_micros(micros: i64) -> Self {
        Self {
            seconds: u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1),
        }
    }
}

impl Throttles {
    /// Counts in this process: right for one process, and for tests.
    pub fn in_process(clock: Clock) -> Self {
        let windows = Windows {
            logs: Expiring::new(MAX_KEYS),
            keys: Vec::new(),
        };
        Self(Backend::InProcess {
            clock,
            windows: Arc::new(Mutex::new(windows)),
        })
    }

    /// Counts in Redis, by its clock, under keys that begin with `prefix`.
    pub fn redis(redis: RedisClient, prefix: &str) -> Self {
        Self(Backend::Redis {
            redis,
            prefix: prefix.into(),
            log_pause: Arc::default(),
        })
    }

    /// Counts a request that falls under all of `hits`, if all of them allow it.
    ///
    /// # Errors
    /// If any of them does not, nothing is counted; the wait is the longest of those exceeded.
    pub async fn check(&self, hits: &[Hit<'_>]) -> Result<(), Wait> {
        if hits.is_empty() {
            return Ok(());
        }
        match &self.0 {
            Backend::InProcess { clock, windows } => {
                let mut windows = windows.lock();
                // Read under the lock, so that the times in the logs are in order.
                let now = clock.now().timestamp_micros();
                windows.check(hits, now)
            }
            Backend::Redis {
                redis,
                prefix,
                log_pause,
            } => {
                let wait = check_in_redis(redis, prefix, hits).await.unwrap_or_else(|error| {
                    report_failure("throttle", &error, log_pause);
                    0
                });
                if wait > 0 {
                    Err(Wait::from_micros(wait))
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Takes back one hit of each, the newest: for what turned out not to count.
    pub async fn give_back(&self, hits: &[Hit<'_>]) {
        if hits.is_empty() {
            return;
        }
        match &self.0 {
            Backend::InProcess { windows, .. } => {
                let mut windows = windows.lock();
                for hit in hits {
                    let key = windows.logs.fingerprint((hit.scope, hit.subject));
                    if let Some(entry) = windows.logs.get_mut(key) {
                        entry.value.pop_back();
                    }
                }
            }
            Backend::Redis {
                redis,
                prefix,
                log_pause,
            } => {
                let mut pipe = redis::pipe();
                for hit in hits {
                    pipe.rpop(key(prefix, hit.scope, hit.subject), None).ignore();
                }
                tell(change_in_redis(redis, &pipe).await, log_pause);
            }
        }
    }

    /// Forgets all hits of a subject.
    pub async fn forget(&self, scope: &str, subject: &str) {
        match &self.0 {
            Backend::InProcess { windows, .. } => {
                let mut windows = windows.lock();
                let key = windows.logs.fingerprint((scope, subject));
                if let Some(entry) = windows.logs.get_mut(key) {
                    entry.value.clear();
                }
            }
            Backend::Redis {
                redis,
                prefix,
                log_pause,
            } => {
                let mut pipe = redis::pipe();
                pipe.del(key(prefix, scope, subject)).ignore();
                tell(change_in_redis(redis, &pipe).await, log_pause);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn tracked(&self) -> usize {
        match &self.0 {
            Backend::InProcess { windows, .. } => windows.lock().logs.len(),
            Backend::Redis { .. } => 0,
        }
    }
}

struct Windows {
    /// The times of the counted hits, oldest first.
    logs: Expiring<VecDeque<i64>>,
    /// The keys of the hits at hand, kept here so that a check allocates nothing.
    keys: Vec<u128>,
}

impl Windows {
    fn check(&mut self, hits: &[Hit<'_>], now: i64) -> Result<(), Wait> {
        self.logs.clear_expired(now);
        self.keys.clear();
        let mut longest_wait = None;
        for hit in hits {
            let key = self.logs.fingerprint((hit.scope, hit.subject));
            self.keys.push(key);
            let wait = match self.logs.get_mut(key) {
                Some(entry) => wait_in(&mut entry.value, hit.rate, now),
                None => (hit.rate.count == 0).then(|| hit.rate.period_micros()),
            };
            longest_wait = longest_wait.max(wait);
        }
        if let Some(wait) = longest_wait {
            return Err(Wait::from_micros(wait));
        }
        for (hit, &key) in hits.iter().zip(&self.keys) {
            let expires_at = now.saturating_add(hit.rate.period_micros());
            let entry = self.logs.entry(key, expires_at);
            entry.expires_at = expires_at;
            entry.value.push_back(now);
        }
        Ok(())
    }
}

/// Forgets what left the window and returns the microseconds until another hit fits, if none does now.
fn wait_in(log: &mut VecDeque<i64>, rate: Rate, now: i64) -> Option<i64> {
    let period = rate.period_micros();
    while log.front().is_some_and(|at| *at <= now.saturating_sub(period)) {
        log.pop_front();
    }
    // A clock that was set back must not lock anyone out until it has caught up.
    while log.back().is_some_and(|at| *at > now) {
        log.pop_back();
    }
    let surplus = log.len().checked_sub(rate.count as usize)?;
    Some(log.get(surplus).map_or(period, |at| at + period - now))
}

/// KEYS: one list of times per hit; ARGV: for each, its count and its period in microseconds.
/// Returns 0 and counts the hits, or the longest wait in microseconds and counts nothing.
static CHECK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local longest = 0
for i, key in ipairs(KEYS) do
  local count, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local first = redis.call('LINDEX', key, 0)
  while first and tonumber(first) <= now - period do
    redis.call('LPOP', key)
    first = redis.call('LINDEX', key, 0)
  end
  local surplus = redis.call('LLEN', key) - count
  if surplus >= 0 then
    local at = redis.call('LINDEX', key, surplus)
    local wait = period
    if at then wait = math.min(period, tonumber(at) + period - now) end
    longest = math.max(longest, wait, 1)
  end
end
if longest > 0 then return longest end
for i, key in ipairs(KEYS) do
  redis.call('RPUSH', key, string.format('%.0f', now))
  redis.call('PEXPIRE', key, math.ceil(ARGV[2 * i] / 1000))
end
return 0",
    )
});

async fn check_in_redis(redis: &RedisClient, prefix: &str, hits: &[Hit<'_>]) -> redis::RedisResult<i64> {
    let mut check = CHECK.prepare_invoke();
    for hit in hits {
        check.key(key(prefix, hit.scope, hit.subject));
        check.arg(hit.rate.count).arg(hit.rate.period_micros());
    }
    let check = &check;
    redis
        .run(|mut connection| async move { check.invoke_async(&mut connection).await })
        .await
}

fn key(prefix: &str, scope: &str, subject: &str) -> String {
    format!("{prefix}throttle:{scope}:{subject}")
}

async fn change_in_redis(redis: &RedisClient, pipe: &redis::Pipeline) -> redis::RedisResult<()> {
    redis
        .run(|mut connection| async move { pipe.query_async(&mut connection).await })
        .await
}

/// What stays counted goes with its window.
fn tell(outcome: redis::RedisResult<()>, log_pause: &LogPause) {
    if let Err(error) = outcome {
        report_failure("throttle", &error, log_pause);
    }
}
