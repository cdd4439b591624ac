use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ::redis::{RedisError, RedisResult, Script};
use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use platform::{id::UserId, pubsub::PubSubError, redis_client::RedisClient};

use super::{BEFORE, Entry, MOST_BYTES, Missed};
use crate::channels::{FAN_OUT, FEW};

/// Accounts that one script serves; Redis does nothing else meanwhile.
const CHUNK: usize = 500;

/// A log is a sorted set of event ids by a running number, so that an event cannot be in it twice and is found at once;
/// the frames are kept once for all who got them.
static TELL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local prefix, event, frame = ARGV[1], ARGV[2], ARGV[3]
local lifetime, most, each = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local number = redis.call('INCR', prefix .. 'realtime:number')
local news, kept = {}, false
for i = 8, #ARGV do
  local user = ARGV[i]
  local log = prefix .. 'realtime:log:' .. user
  local count = redis.call('ZCARD', log)
  local is_news = true
  if count > 0 then
    is_news = redis.call('ZADD', log, 'NX', number, event) == 1
    if is_news then
      kept = true
      if count > most then redis.call('ZREMRANGEBYRANK', log, 0, count - most - 1) end
    end
  end
  if is_news then news[#news + 1] = user end
end
if kept then redis.call('SET', prefix .. 'realtime:event:' .. event, frame, 'PX', lifetime) end
if each then
  for _, user in ipairs(news) do redis.call('PUBLISH', prefix .. 'user:' .. user, frame) end
elseif #news > 0 then
  redis.call('PUBLISH', prefix .. ARGV[7], table.concat(news, ',') .. '\n' .. frame)
end
return #news",
    )
});

static OPEN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZADD', KEYS[1], 0, ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], -1, -1)[1]",
    )
});

/// Returns the ids before, and ids and frames after; nothing when the log does not go back that far.
static AFTER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local rank = redis.call('ZRANK', KEYS[1], ARGV[1])
if not rank then return false end
local most, before = tonumber(ARGV[3]), tonumber(ARGV[4])
local found, bytes = {}, 0
for _, event in ipairs(redis.call('ZRANGE', KEYS[1], rank + 1, -1)) do
  local frame = redis.call('GET', ARGV[2] .. event)
  if not frame then return false end
  bytes = bytes + #frame
  if bytes > most then return false end
  found[#found + 1] = event
  found[#found + 1] = frame
end
return {redis.call('ZRANGE', KEYS[1], math.max(rank - before + 1, 0), rank), found}",
    )
});

/// The logs of an instance of several processes.
pub struct RedisLog {
    redis: RedisClient,
    prefix: Arc<str>,
    most: usize,
    lifetime_millis: i64,
}

type Found = Option<(Vec<i64>, Vec<(i64, Vec<u8>)>)>;

impl RedisLog {
    pub fn new(redis: RedisClient, prefix: Arc<str>, most: usize, lifetime: Duration) -> Self {
        Self {
            redis,
            prefix,
            most,
            lifetime_millis: i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX),
        }
    }

    fn key(&self, user: UserId) -> String {
        format!("{}realtime:log:{user}", self.prefix)
    }

    pub async fn open(&self, user: UserId, fresh: i64) -> Result<i64, PubSubError> {
        let mut open = OPEN.key(self.key(user));
        let open = &*open.arg(fresh).arg(self.lifetime_millis);
        let opened = self
            .redis
            .run(|mut connection| async move { open.invoke_async(&mut connection).await });
        opened.await.map_err(|error| failure(&error))
    }

    pub async fn after(&self, user: UserId, last: i64, fresh: i64) -> Result<Missed, PubSubError> {
        let mut after = AFTER.key(self.key(user));
        let after = &*after
            .arg(last)
            .arg(format!("{}realtime:event:", self.prefix))
            .arg(MOST_BYTES)
            .arg(BEFORE);
        let found: RedisResult<Found> = self
            .redis
            .run(|mut connection| async move { after.invoke_async(&mut connection).await })
            .await;
        match found.map_err(|error| failure(&error))? {
            Some((before, events)) => Ok(Missed::Events {
                before,
                events: events.into_iter().filter_map(as_text).collect(),
            }),
            None => self.open(user, fresh).await.map(Missed::Lost),
        }
    }

    pub async fn tell(&self, entry: Entry<'_>, to: &[UserId]) -> Result<(), PubSubError> {
        let each = to.len() <= FEW;
        for some in to.chunks(CHUNK) {
            let mut tell = TELL.arg(&*self.prefix);
            tell.arg(entry.event)
                .arg(entry.frame.as_str())
                .arg(self.lifetime_millis)
                .arg(self.most)
                .arg(i64::from(each))
                .arg(FAN_OUT);
            for user in some {
                tell.arg(user.0);
            }
            let tell = &tell;
            let told: RedisResult<i64> = self
                .redis
                .run(|mut connection| async move { tell.invoke_async(&mut connection).await })
                .await;
            told.map_err(|error| failure(&error))?;
        }
        Ok(())
    }
}

/// Frames are texts when they are stored; what is none was not stored by us.
fn as_text((event, frame): (i64, Vec<u8>)) -> Option<(i64, Utf8Bytes)> {
    Some((event, Utf8Bytes::try_from(Bytes::from(frame)).ok()?))
}

fn failure(error: &RedisError) -> PubSubError {
    if error.is_io_error() || error.is_unrecoverable_error() {
        PubSubError::Unavailable(error.to_string())
    } else {
        PubSubError::Refused(error.to_string())
    }
}
