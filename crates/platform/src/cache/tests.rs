use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::*;
use crate::redis_client::tests::{URL, delete_keys, random_prefix};

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    followers: u32,
}

fn profile() -> Profile {
    Profile {
        name: "Ada".to_owned(),
        followers: 3,
    }
}

/// What both forms must do.
async fn keeps_values_for_their_time(cache: Cache) {
    assert_eq!(cache.get::<Profile>("profile:1").await, None);
    cache.set("profile:1", &profile(), MINUTE).await;
    assert_eq!(cache.get("profile:1").await, Some(profile()));
    assert_eq!(cache.get::<Vec<u8>>("profile:1").await, None);
    cache.delete("profile:1").await;
    assert_eq!(cache.get::<Profile>("profile:1").await, None);

    cache.set("short", &1, Duration::from_millis(60)).await;
    cache.set("long", &2, MINUTE).await;
    cache.set("none", &3, Duration::ZERO).await;
    assert_eq!(cache.get("short").await, Some(1));
    assert_eq!(cache.get::<i32>("none").await, None);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(cache.get::<i32>("short").await, None);
    assert_eq!(cache.get("long").await, Some(2));
    // A new value has a new time to live.
    cache.set("long", &4, Duration::from_millis(60)).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(cache.get::<i32>("long").await, None);
}

async fn loads_once_for_all(cache: &Cache, loads: &AtomicU32) {
    let callers = (0..50).map(|_| {
        cache.get_or_load("loaded", MINUTE, async || {
            sleep(Duration::from_millis(30)).await;
            Ok::<_, ()>(loads.fetch_add(1, Ordering::SeqCst))
        })
    });
    for result in futures::future::join_all(callers).await {
        assert_eq!(result, Ok(0));
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    assert!(cache.flights.is_empty());
}

async fn all_in_turn(cache: Cache) {
    keeps_values_for_their_time(cache.clone()).await;
    let loads = AtomicU32::new(0);
    loads_once_for_all(&cache, &loads).await;
    let cached = cache
        .get_or_load("loaded", MINUTE, async || Err::<u32, _>("asked again"))
        .await;
    assert_eq!(cached, Ok(0));
}

#[tokio::test]
async fn in_process() {
    all_in_turn(Cache::in_process(100)).await;
}

#[tokio::test]
async fn in_redis() {
    let prefix = random_prefix();
    all_in_turn(Cache::redis(RedisClient::connect(URL).unwrap(), &prefix)).await;
    delete_keys(&prefix).await;
}

#[tokio::test]
async fn a_redis_that_is_down_is_a_miss() {
    let cache = Cache::redis(RedisClient::connect("redis://127.0.0.1:1/").unwrap(), "x:");
    cache.set("key", &1, MINUTE).await;
    cache.delete("key").await;
    assert_eq!(cache.get::<i32>("key").await, None);
    // Those who wait share the loaded value all the same.
    loads_once_for_all(&cache, &AtomicU32::new(0)).await;
}

#[tokio::test]
async fn a_failed_load_is_reported_and_tried_again() {
    let cache = Cache::in_process(100);
    let failed = cache
        .get_or_load("key", MINUTE, async || Err::<u32, _>("no"))
        .await;
    assert_eq!(failed, Err("no"));
    assert!(cache.flights.is_empty());
    assert_eq!(
        cache.get_or_load("key", MINUTE, async || Ok::<_, ()>(5)).await,
        Ok(5)
    );
}

#[tokio::test]
async fn a_load_that_is_given_up_does_not_block_the_next() {
    let cache = Cache::in_process(100);
    let loading = Notify::new();
    tokio::select! {
        _ = cache.get_or_load("key", MINUTE, async || {
            loading.notify_one();
            std::future::pending::<Result<u32, ()>>().await
        }) => unreachable!(),
        () = loading.notified() => {}
    }
    assert!(cache.flights.is_empty());
    assert_eq!(
        cache.get_or_load("key", MINUTE, async || Ok::<_, ()>(5)).await,
        Ok(5)
    );
}

#[tokio::test]
async fn what_is_deleted_during_its_load_is_not_stored() {
    let cache = Cache::in_process(100);
    let value = cache
        .get_or_load("key", MINUTE, async || {
            cache.delete("key").await;
            Ok::<_, ()>("stale".to_owned())
        })
        .await;
    assert_eq!(value, Ok("stale".to_owned()));
    assert_eq!(cache.get::<String>("key").await, None);
}

#[tokio::test]
async fn the_number_of_entries_is_bounded() {
    let cache = Cache::in_process(10);
    for number in 0..1000 {
        cache.set(&number.to_string(), &number, MINUTE).await;
    }
    let Backend::InProcess(entries) = &cache.backend else {
        unreachable!()
    };
    entries.run_pending_tasks();
    assert!(entries.entry_count() <= 10);
}
