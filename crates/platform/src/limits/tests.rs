use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::*;
use crate::clock::Clock;
use crate::redis_client::RedisClient;
use crate::redis_client::tests::{URL, delete_keys, random_prefix};

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap().unwrap()
}

async fn hit(throttles: &Throttles, scope: &str, subject: &str, text: &str) -> Result<(), u64> {
    let hit = Hit {
        scope,
        subject,
        rate: rate(text),
    };
    throttles.check(&[hit]).await.map_err(|wait| wait.seconds)
}

#[tokio::test]
async fn a_window_slides() {
    let clock = Clock::system();
    let throttles = Throttles::in_process(clock.clone());
    for _ in 0..3 {
        assert_eq!(hit(&throttles, "login", "7", "3/min").await, Ok(()));
        clock.advance(TimeDelta::seconds(10));
    }
    // Hits at 0, 10 and 20 seconds; it is 30 now.
    assert_eq!(hit(&throttles, "login", "7", "3/min").await, Err(30));
    assert_eq!(hit(&throttles, "login", "8", "3/min").await, Ok(()));
    assert_eq!(hit(&throttles, "signup", "7", "3/min").await, Ok(()));
    clock.advance(TimeDelta::seconds(29));
    assert_eq!(hit(&throttles, "login", "7", "3/min").await, Err(1));
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(hit(&throttles, "login", "7", "3/min").await, Ok(()));
    assert_eq!(hit(&throttles, "login", "7", "3/min").await, Err(10));
}

#[tokio::test]
async fn a_clock_set_back_locks_nobody_out() {
    let clock = Clock::system();
    let throttles = Throttles::in_process(clock.clone());
    assert_eq!(hit(&throttles, "login", "7", "1/min").await, Ok(()));
    clock.advance(TimeDelta::hours(-1));
    assert_eq!(hit(&throttles, "login", "7", "1/min").await, Ok(()));
    assert_eq!(hit(&throttles, "login", "7", "1/min").await, Err(60));
}

#[tokio::test]
async fn idle_subjects_are_forgotten() {
    let clock = Clock::system();
    let throttles = Throttles::in_process(clock.clone());
    for subject in 0..1000 {
        hit(&throttles, "login", &subject.to_string(), "3/min")
            .await
            .unwrap();
    }
    assert_eq!(throttles.tracked(), 1000);
    clock.advance(TimeDelta::minutes(2));
    for _ in 0..501 {
        hit(&throttles, "login", "one", "1000/min").await.unwrap();
    }
    assert_eq!(throttles.tracked(), 1);
}

/// What both forms must do: the tests below run it on each.
async fn checks_all_hits_of_a_request_together(throttles: Throttles) {
    let scopes = ["all", "hour", "never"];
    let all = Hit {
        scope: scopes[0],
        subject: "7",
        rate: rate("2/min"),
    };
    let hour = Hit {
        scope: scopes[1],
        subject: "7",
        rate: rate("1/hour"),
    };
    assert_eq!(throttles.check(&[]).await, Ok(()));
    assert_eq!(throttles.check(&[all, hour]).await, Ok(()));
    // Refused by the second, so not counted by the first either.
    for _ in 0..5 {
        let wait = throttles.check(&[all, hour]).await.unwrap_err();
        assert!((3590..=3600).contains(&wait.seconds), "{wait:?}");
    }
    assert_eq!(throttles.check(&[all]).await, Ok(()));
    let wait = throttles.check(&[all]).await.unwrap_err();
    assert!((50..=60).contains(&wait.seconds), "{wait:?}");
    let wait = throttles.check(&[all, hour]).await.unwrap_err();
    assert!((3590..=3600).contains(&wait.seconds), "{wait:?}");
    let never = Hit {
        scope: scopes[2],
        subject: "7",
        rate: rate("0/day"),
    };
    assert_eq!(throttles.check(&[never]).await, Err(Wait { seconds: 86_400 }));
}

async fn hits_are_given_back_and_forgotten(throttles: Throttles) {
    let of = |subject: &'static str| Hit {
        scope: "given",
        subject,
        rate: rate("2/hour"),
    };
    let (ann, bob) = (of("ann"), of("bob"));
    assert_eq!(throttles.check(&[ann, bob]).await, Ok(()));
    assert_eq!(throttles.check(&[ann]).await, Ok(()));
    assert!(throttles.check(&[ann]).await.is_err());
    throttles.give_back(&[ann, bob]).await;
    assert_eq!(throttles.check(&[ann]).await, Ok(()));
    assert!(throttles.check(&[ann]).await.is_err());
    // Bob's only one was given back: two more fit, and what nobody has counted cannot be given back.
    throttles.give_back(&[bob, bob, of("nobody")]).await;
    for fits in [true, true, false] {
        assert_eq!(throttles.check(&[bob]).await.is_ok(), fits);
    }
    throttles.forget("given", "ann").await;
    throttles.forget("given", "nobody").await;
    for fits in [true, true, false] {
        assert_eq!(throttles.check(&[ann]).await.is_ok(), fits);
    }
    assert!(throttles.check(&[bob]).await.is_err());
}

async fn parallel_checks_pass_exactly_the_rate(throttles: Throttles) {
    let mut checks = JoinSet::new();
    for _ in 0..1000 {
        let throttles = throttles.clone();
        checks.spawn(async move { hit(&throttles, "parallel", "7", "100/min").await.is_ok() });
    }
    let passed = checks
        .join_all()
        .await
        .into_iter()
        .filter(|passed| *passed)
        .count();
    assert_eq!(passed, 100);
}

async fn fixed_windows_allow_up_to_the_limit(windows: FixedWindows) {
    for expected in [true, true, false, false] {
        assert_eq!(windows.allow("sms:7", 2, 60).await, expected);
    }
    assert!(windows.allow("sms:8", 2, 60).await);
    for _ in 0..5 {
        assert!(windows.allow("off", 0, 60).await);
        assert!(windows.allow("off", 1, 0).await);
        assert!(windows.allow("off", -1, -1).await);
    }
    let mut checks = JoinSet::new();
    for _ in 0..500 {
        let windows = windows.clone();
        checks.spawn(async move { windows.allow("parallel", 50, 60).await });
    }
    let allowed = checks
        .join_all()
        .await
        .into_iter()
        .filter(|allowed| *allowed)
        .count();
    assert_eq!(allowed, 50);
}

#[tokio::test]
async fn in_process_requests_are_checked_together() {
    checks_all_hits_of_a_request_together(Throttles::in_process(Clock::system())).await;
}

#[tokio::test]
async fn in_process_hits_are_given_back() {
    hits_are_given_back_and_forgotten(Throttles::in_process(Clock::system())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_process_parallel_checks() {
    parallel_checks_pass_exactly_the_rate(Throttles::in_process(Clock::system())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_process_fixed_windows() {
    fixed_windows_allow_up_to_the_limit(FixedWindows::in_process(Clock::system())).await;
}

#[tokio::test]
async fn a_fixed_window_opens_with_its_first_hit() {
    let clock = Clock::system();
    let windows = FixedWindows::in_process(clock.clone());
    assert!(windows.allow("sms:7", 1, 60).await);
    clock.advance(TimeDelta::seconds(59));
    assert!(!windows.allow("sms:7", 1, 60).await);
    clock.advance(TimeDelta::seconds(1));
    assert!(windows.allow("sms:7", 1, 60).await);
    assert!(!windows.allow("sms:7", 1, 60).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_limits() {
    let redis = RedisClient::connect(URL).unwrap();
    let prefix = random_prefix();
    let throttles = Throttles::redis(redis.clone(), &prefix);
    checks_all_hits_of_a_request_together(throttles.clone()).await;
    hits_are_given_back_and_forgotten(throttles.clone()).await;
    parallel_checks_pass_exactly_the_rate(throttles.clone()).await;
    fixed_windows_allow_up_to_the_limit(FixedWindows::redis(redis, &prefix)).await;

    assert_eq!(hit(&throttles, "slides", "7", "2/s").await, Ok(()));
    assert_eq!(hit(&throttles, "slides", "7", "2/s").await, Ok(()));
    assert_eq!(hit(&throttles, "slides", "7", "2/s").await, Err(1));
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(hit(&throttles, "slides", "7", "2/s").await, Ok(()));
    delete_keys(&prefix).await;
}

#[tokio::test]
async fn redis_windows_end() {
    let prefix = random_prefix();
    let redis = RedisClient::connect(URL).unwrap();
    let windows = FixedWindows::redis(redis.clone(), &prefix);
    assert!(windows.allow("sms:7", 1, 1).await);
    assert!(!windows.allow("sms:7", 1, 1).await);
    let key = &format!("{prefix}rl:sms:7");
    let remaining: i64 = redis
        .run(|mut connection| async move { redis::cmd("PTTL").arg(key).query_async(&mut connection).await })
        .await
        .unwrap();
    assert!((1..=1000).contains(&remaining), "{remaining}");
    sleep(Duration::from_millis(1100)).await;
    assert!(windows.allow("sms:7", 1, 1).await);
    delete_keys(&prefix).await;
}

#[tokio::test]
async fn a_redis_that_is_down_lets_requests_pass() {
    let redis = RedisClient::connect("redis://127.0.0.1:1/").unwrap();
    let throttles = Throttles::redis(redis.clone(), "x:");
    let windows = FixedWindows::redis(redis, "x:");
    for _ in 0..50 {
        assert_eq!(hit(&throttles, "login", "7", "1/day").await, Ok(()));
        throttles.forget("login", "7").await;
        assert!(windows.allow("sms:7", 1, 60).await);
    }
}
