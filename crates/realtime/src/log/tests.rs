use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use platform::{
    clock::{Clock, random_hex},
    pubsub::{Heard, Listener, PubSub},
    redis_client::RedisClient,
};
use proptest::prelude::*;
use serde_json::{Map, json};
use tokio::time::timeout;

use super::*;
use crate::{channels, frames};

/// The Redis that the tests share; every test uses keys of its own.
const URL: &str = match option_env!("TEST_REDIS_URL") {
    Some(url) => url,
    None => "redis://127.0.0.1:6379/9",
};
const MOST: usize = 20;
const DAY: Duration = Duration::from_hours(24);

struct Bench {
    log: Log,
    pubsub: PubSub,
    fresh: std::sync::atomic::AtomicI64,
}

impl Bench {
    fn in_memory() -> Self {
        let pubsub = PubSub::in_process();
        let log = MemoryLog::new(pubsub.clone(), Clock::system(), MOST, DAY);
        Self::of(Log::Memory(log), pubsub)
    }

    fn in_redis() -> Self {
        let prefix = format!("selflink-test-{}:", random_hex::<8>());
        let redis = RedisClient::connect(URL).expect("is a URL");
        let pubsub = PubSub::redis(redis.clone(), &prefix);
        // Nothing is left behind for long.
        let log = RedisLog::new(redis, prefix.as_str().into(), MOST, Duration::from_mins(2));
        Self::of(Log::Redis(log), pubsub)
    }

    fn of(log: Log, pubsub: PubSub) -> Self {
        Self {
            log,
            pubsub,
            fresh: 1_000_000.into(),
        }
    }

    fn fresh(&self) -> i64 {
        self.fresh.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    async fn open(&self, user: i64) -> i64 {
        let opened = self.log.open(UserId(user), self.fresh()).await;
        opened.expect("the log is there")
    }

    async fn tell(&self, event: i64, to: &[i64]) {
        let frame = frame(event);
        let to: Vec<UserId> = to.iter().copied().map(UserId).collect();
        let entry = Entry { event, frame: &frame };
        self.log.tell(entry, &to).await.expect("is told");
    }

    async fn missed(&self, user: i64, last: i64) -> Option<Vec<i64>> {
        let missed = self.log.after(UserId(user), last, self.fresh()).await;
        match missed.expect("the log is there") {
            Missed::Events { events, .. } => {
                for (event, text) in &events {
                    assert_eq!(*text, frame(*event));
                }
                Some(events.into_iter().map(|(event, _)| event).collect())
            }
            Missed::Lost(_) => None,
        }
    }

    async fn listener(&self, users: &[i64]) -> (Listener, Vec<platform::pubsub::Interest>) {
        let listener = self.pubsub.listener();
        let names = users.iter().map(|user| channels::user_channel(UserId(*user)));
        let names: Vec<String> = names.chain([channels::FAN_OUT.to_owned()]).collect();
        let interests = join_all(names.iter().map(|name| listener.subscribe(name))).await;
        let interests = interests
            .into_iter()
            .map(|interest| interest.expect("subscribes"))
            .collect();
        (listener, interests)
    }
}

fn frame(event: i64) -> Utf8Bytes {
    let frame = Map::from_iter([("type".to_owned(), json!("test"))]);
    frames::of_event(event, &frame)
}

async fn heard(listener: &Listener) -> Vec<(UserId, i64)> {
    let mut heard = Vec::new();
    while let Ok(Some(next)) = timeout(Duration::from_millis(200), listener.next()).await {
        let Heard::Message { channel, message } = next else {
            panic!("a gap")
        };
        let (users, frame) = match channel.strip_prefix("user:") {
            Some(user) => (vec![UserId(user.parse().expect("a number"))], message),
            None => channels::opened(&message).expect("an envelope"),
        };
        let event = frames::event_of(&frame).expect("has an id");
        heard.extend(users.into_iter().map(|user| (user, event)));
    }
    heard
}

async fn remembers_what_an_account_missed(bench: Bench) {
    bench.tell(1, &[7]).await;
    let start = bench.open(7).await;
    assert_eq!(bench.open(7).await, start, "opening again changes nothing");
    assert_eq!(
        bench.missed(7, start).await,
        Some(vec![]),
        "nobody listened before"
    );
    for event in [5, 3, 9] {
        bench.tell(event, &[7, 8]).await;
    }
    assert_eq!(
        bench.missed(7, start).await,
        Some(vec![5, 3, 9]),
        "in the order told"
    );
    assert_eq!(bench.missed(7, 3).await, Some(vec![9]));
    assert_eq!(bench.missed(7, 9).await, Some(vec![]));
    assert_eq!(bench.missed(7, 4).await, None, "nothing is known of this event");
    assert_eq!(bench.open(7).await, 9);
    assert_eq!(bench.missed(8, 5).await, None, "this account had no log");
    let event = bench.open(8).await;
    assert!(
        event >= 1_000_000,
        "that begins where nothing was before: {event}"
    );
}

async fn tells_an_event_once_however_often_it_is_published(bench: Bench) {
    let many: Vec<i64> = (100..700).collect();
    join_all([7, 100, 650].map(|user| bench.open(user))).await;
    let (listener, _interests) = bench.listener(&[7, 8]).await;
    for _ in 0..3 {
        bench.tell(1, &[7]).await;
        bench.tell(2, &many).await;
    }
    bench.tell(1, &[7, 8]).await;
    let heard = heard(&listener).await;
    let times = |user, event| {
        heard
            .iter()
            .filter(|other| **other == (UserId(user), event))
            .count()
    };
    assert_eq!((times(7, 1), times(8, 1)), (1, 1));
    assert_eq!((times(100, 2), times(650, 2)), (1, 1));
    assert!(times(101, 2) >= 1, "who has no log is told all the same");
    assert_eq!(bench.missed(100, bench.open(100).await).await, Some(vec![]));
}

async fn forgets_what_is_too_long_ago(bench: Bench) {
    let start = bench.open(7).await;
    let most = i64::try_from(MOST).expect("is small");
    for event in 1..=most {
        bench.tell(event, &[7]).await;
    }
    assert_eq!(bench.missed(7, start).await, Some((1..=most).collect()));
    bench.tell(most + 1, &[7]).await;
    assert_eq!(bench.missed(7, start).await, None);
    assert_eq!(bench.missed(7, 1).await, Some((2..=most + 1).collect()));
}

async fn has_one_order_for_those_who_listen_and_those_who_read(bench: Bench) {
    let start = bench.open(7).await;
    let (listener, _interests) = bench.listener(&[7]).await;
    let many: Vec<i64> = (7..30).collect();
    let (bench, many) = (&bench, &many);
    join_all((1..=15).map(|event| async move {
        let to: &[i64] = if event % 2 == 0 { &[7] } else { many };
        bench.tell(event, to).await;
    }))
    .await;
    let own = heard(&listener).await.into_iter().filter(|(user, _)| user.0 == 7);
    let own: Vec<i64> = own.map(|(_, event)| event).collect();
    assert_eq!(bench.missed(7, start).await, Some(own));
}

#[tokio::test]
async fn in_memory() {
    remembers_what_an_account_missed(Bench::in_memory()).await;
    tells_an_event_once_however_often_it_is_published(Bench::in_memory()).await;
    forgets_what_is_too_long_ago(Bench::in_memory()).await;
    has_one_order_for_those_who_listen_and_those_who_read(Bench::in_memory()).await;
}

#[tokio::test]
async fn in_redis() {
    remembers_what_an_account_missed(Bench::in_redis()).await;
    tells_an_event_once_however_often_it_is_published(Bench::in_redis()).await;
    forgets_what_is_too_long_ago(Bench::in_redis()).await;
    has_one_order_for_those_who_listen_and_those_who_read(Bench::in_redis()).await;
}

#[tokio::test]
async fn too_much_is_not_repeated() {
    for bench in [Bench::in_memory(), Bench::in_redis()] {
        let start = bench.open(7).await;
        let long = Map::from_iter([("text".to_owned(), json!("x".repeat(MOST_BYTES / 3)))]);
        for event in 1..=4 {
            let frame = frames::of_event(event, &long);
            let entry = Entry { event, frame: &frame };
            bench.log.tell(entry, &[UserId(7)]).await.expect("is told");
        }
        let missed = bench.log.after(UserId(7), start, bench.fresh()).await;
        assert!(matches!(missed, Ok(Missed::Lost(4))), "{missed:?}");
    }
}

#[tokio::test]
async fn logs_in_memory_end_with_their_time() {
    let clock = Clock::system();
    let pubsub = PubSub::in_process();
    let log = MemoryLog::new(pubsub.clone(), clock.clone(), MOST, DAY);
    let bench = Bench::of(Log::Memory(log), pubsub);
    let start = bench.open(7).await;
    bench.tell(1, &[7]).await;
    clock.advance(chrono::Duration::hours(23));
    bench.open(7).await;
    bench.tell(2, &[7]).await;
    clock.advance(chrono::Duration::hours(2));
    assert_eq!(bench.missed(7, start).await, None, "the first is too long ago");
    assert_eq!(bench.missed(7, 1).await, Some(vec![2]));
    clock.advance(chrono::Duration::hours(23));
    bench.log.tidy();
    assert_eq!(bench.missed(7, 2).await, None, "the log is gone");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is told and repeated, a reader gets exactly what follows the event it had last, or learns that it cannot.
    #[test]
    fn what_is_missed_is_exact(events in proptest::collection::vec(1_i64..40, 0..80), had in 0_usize..40) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let bench = Arc::new(Bench::in_memory());
            let start = bench.open(7).await;
            let mut told = Vec::new();
            for event in events {
                bench.tell(event, &[7]).await;
                let is_kept = told.iter().rev().take(MOST).any(|other| *other == event);
                if !is_kept {
                    told.push(event);
                }
            }
            let known = told.len().saturating_sub(MOST);
            let (last, from) = match had {
                0 => (start, 0),
                had if had <= told.len() => (told[had - 1], had),
                _ => return,
            };
            // An event that came again long after is known by its later place.
            let from = told.iter().rposition(|event| *event == last).map_or(from, |place| place + 1);
            let expected = (from >= known).then(|| told[from..].to_vec());
            assert_eq!(bench.missed(7, last).await, expected);
        });
    }
}
