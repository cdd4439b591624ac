//! The registry of several gateways. All of it can be lost: gateways notice and register anew.
//!
//! | key | what it holds |
//! |---|---|
//! | `presence:gateways` | each gateway by the time at which it counts as gone, in milliseconds of Redis's clock |
//! | `presence:gateway:<name>` | its accounts |
//! | `presence:user:<id>` | the gateways of an account that is online |

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use ::redis::{FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation};
use platform::{id::UserId, pubsub::PubSubError, redis_client::RedisClient};

use super::{BATCH, Beat};

/// How long a gateway counts as there after it said so, in milliseconds: three beats.
const LIFETIME: u32 = 30_000;

/// Returns the accounts that nobody had.
static ENTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local prefix, gateway, news = ARGV[1], ARGV[2], {}
for i = 3, #ARGV do
  local gateways = prefix .. 'presence:user:' .. ARGV[i]
  if redis.call('EXISTS', gateways) == 0 then news[#news + 1] = ARGV[i] end
  redis.call('SADD', gateways, gateway)
  redis.call('SADD', prefix .. 'presence:gateway:' .. gateway, ARGV[i])
end
return news",
    )
});

/// Returns the accounts that nobody has any more.
static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local prefix, gateway, gone = ARGV[1], ARGV[2], {}
for i = 3, #ARGV do
  local gateways = prefix .. 'presence:user:' .. ARGV[i]
  local was_here = redis.call('SREM', gateways, gateway) == 1
  if was_here and redis.call('EXISTS', gateways) == 0 then gone[#gone + 1] = ARGV[i] end
  redis.call('SREM', prefix .. 'presence:gateway:' .. gateway, ARGV[i])
end
return gone",
    )
});

/// Prolongs a gateway, and clears up after one that is gone, a part of its accounts at a time. Returns whether the gateway
/// was unknown, whether there is more to clear up, and the accounts that nobody has any more.
static BEAT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local prefix, gateway, all = ARGV[1], ARGV[2], ARGV[1] .. 'presence:gateways'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local is_new = redis.call('ZADD', all, now + ARGV[3], gateway)
local gone, more = {}, 0
local dead = redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, 1)[1]
if dead then
  local accounts = prefix .. 'presence:gateway:' .. dead
  for _, user in ipairs(redis.call('SPOP', accounts, ARGV[4])) do
    local gateways = prefix .. 'presence:user:' .. user
    redis.call('SREM', gateways, dead)
    if redis.call('EXISTS', gateways) == 0 then gone[#gone + 1] = user end
  end
  if redis.call('EXISTS', accounts) == 0 then redis.call('ZREM', all, dead) else more = 1 end
end
return {is_new, more, gone}",
    )
});

/// Returns those that are online.
static ONLINE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local online = {}
for i = 2, #ARGV do
  if redis.call('EXISTS', ARGV[1] .. 'presence:user:' .. ARGV[i]) == 1 then online[#online + 1] = ARGV[i] end
end
return online",
    )
});

/// The part of one gateway.
pub struct RedisRegistry {
    client: RedisClient,
    prefix: Arc<str>,
    gateway: String,
}

impl RedisRegistry {
    /// A gateway of this name, which is new every time a process starts.
    pub fn new(client: RedisClient, prefix: &str, gateway: &str) -> Self {
        Self {
            client,
            prefix: prefix.into(),
            gateway: gateway.to_owned(),
        }
    }

    /// See [`Registry::enter`](super::Registry::enter).
    pub async fn enter(&self, users: &[UserId]) -> Result<Vec<UserId>, PubSubError> {
        self.of_each(&ENTER, users).await
    }

    /// See [`Registry::leave`](super::Registry::leave).
    pub async fn leave(&self, users: &[UserId]) -> Result<Vec<UserId>, PubSubError> {
        self.of_each(&LEAVE, users).await
    }

    /// See [`Registry::online`](super::Registry::online).
    pub async fn online(&self, users: &[UserId]) -> Result<HashSet<UserId>, PubSubError> {
        let mut online = HashSet::new();
        for some in users.chunks(BATCH) {
            let mut call = ONLINE.prepare_invoke();
            call.arg(&*self.prefix);
            let found: Vec<i64> = self.run(with(call, some)).await?;
            online.extend(found.into_iter().map(UserId));
        }
        Ok(online)
    }

    /// See [`Registry::beat`](super::Registry::beat).
    pub async fn beat(&self) -> Result<Beat, PubSubError> {
        let mut call = BEAT.prepare_invoke();
        call.arg(&*self.prefix)
            .arg(&self.gateway)
            .arg(LIFETIME)
            .arg(BATCH);
        let (is_new, has_more, gone): (bool, bool, Vec<i64>) = self.run(call).await?;
        Ok(Beat {
            was_forgotten: is_new,
            has_more,
            gone: gone.into_iter().map(UserId).collect(),
        })
    }

    async fn of_each(&self, script: &Script, users: &[UserId]) -> Result<Vec<UserId>, PubSubError> {
        let mut moved = Vec::new();
        for some in users.chunks(BATCH) {
            let mut call = script.prepare_invoke();
            call.arg(&*self.prefix).arg(&self.gateway);
            let found: Vec<i64> = self.run(with(call, some)).await?;
            moved.extend(found.into_iter().map(UserId));
        }
        Ok(moved)
    }

    async fn run<T: FromRedisValue>(&self, call: ScriptInvocation<'_>) -> Result<T, PubSubError> {
        let call = &call;
        let answer: RedisResult<T> = self
            .client
            .run(|mut connection| async move { call.invoke_async(&mut connection).await })
            .await;
        answer.map_err(|error: RedisError| PubSubError::Unavailable(error.to_string()))
    }
}

fn with<'a>(mut call: ScriptInvocation<'a>, users: &[UserId]) -> ScriptInvocation<'a> {
    for user in users {
        call.arg(user.0);
    }
    call
}
