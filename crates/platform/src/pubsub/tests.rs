use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::mailbox::CAPACITY;
use super::*;
use crate::redis_client::RedisClient;
use crate::redis_client::tests::{URL, random_prefix};

async fn next(subscription: &mut Subscription) -> Delivery {
    timeout(Duration::from_secs(5), subscription.next())
        .await
        .expect("nothing was delivered")
        .unwrap()
}

fn message(text: &str) -> Delivery {
    Delivery::Message(Bytes::copy_from_slice(text.as_bytes()))
}

async fn publish(bus: &PubSub, channel: &str, text: &str) {
    bus.publish(channel, Bytes::copy_from_slice(text.as_bytes()))
        .await
        .unwrap();
}

/// What both forms must do: `publisher` and `bus` are the same bus, perhaps in two processes.
async fn delivers_to_the_subscribers_of_a_channel(publisher: PubSub, bus: PubSub) {
    publish(&publisher, "thread:1", "nobody is listening").await;
    let mut first = bus.subscribe("thread:1").await.unwrap();
    let mut second = bus.subscribe("thread:1").await.unwrap();
    let mut other = bus.subscribe("thread:2").await.unwrap();
    publish(&publisher, "thread:1", "a").await;
    publish(&publisher, "thread:1", "b").await;
    publish(&publisher, "thread:2", "c").await;
    for subscription in [&mut first, &mut second] {
        assert_eq!(next(subscription).await, message("a"));
        assert_eq!(next(subscription).await, message("b"));
    }
    assert_eq!(next(&mut other).await, message("c"));

    drop(first);
    publish(&publisher, "thread:1", "d").await;
    assert_eq!(next(&mut second).await, message("d"));
    drop(second);
    let mut third = bus.subscribe("thread:1").await.unwrap();
    publish(&publisher, "thread:1", "e").await;
    assert_eq!(next(&mut third).await, message("e"));
    assert!(timeout(Duration::from_millis(50), other.next()).await.is_err());
    tells_a_slow_subscriber_about_its_gap(&publisher, &mut third).await;

    drop(publisher);
    drop(bus);
    assert_eq!(timeout(Duration::from_secs(5), third.next()).await.unwrap(), None);
}

async fn tells_a_slow_subscriber_about_its_gap(publisher: &PubSub, slow: &mut Subscription) {
    let count = CAPACITY + 10;
    for number in 0..count {
        publish(publisher, "thread:1", &number.to_string()).await;
    }
    while slow.backlog() != (CAPACITY, true) {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(next(slow).await, Delivery::Gap);
    let last = message(&(count - 1).to_string());
    let mut received = 1;
    while next(slow).await != last {
        received += 1;
    }
    assert!(received <= CAPACITY, "{received}");
    publish(publisher, "thread:1", "caught up").await;
    assert_eq!(next(slow).await, message("caught up"));
}

async fn subscribes_in_parallel(bus: PubSub) {
    let subscribed = (0..200).map(|number| {
        let bus = bus.clone();
        async move {
            let channel = format!("user:{}", number % 50);
            let mut subscription = bus.subscribe(&channel).await.unwrap();
            publish(&bus, &channel, &number.to_string()).await;
            while next(&mut subscription).await != message(&number.to_string()) {}
        }
    });
    futures::future::join_all(subscribed).await;
}

#[tokio::test]
async fn in_process() {
    let bus = PubSub::in_process();
    delivers_to_the_subscribers_of_a_channel(bus.clone(), bus).await;
    subscribes_in_parallel(PubSub::in_process()).await;
}

#[tokio::test]
async fn through_redis() {
    let prefix = random_prefix();
    let bus = || PubSub::redis(RedisClient::connect(URL).unwrap(), &prefix);
    delivers_to_the_subscribers_of_a_channel(bus(), bus()).await;
    subscribes_in_parallel(bus()).await;
}

/// What a listener must do in both forms.
async fn listens_to_many_channels(publisher: PubSub, bus: PubSub) {
    let listener = bus.listener();
    let first = listener.subscribe("user:1").await.unwrap();
    let _second = listener.subscribe("user:2").await.unwrap();
    let mut other = bus.subscribe("user:1").await.unwrap();
    for (channel, text) in [("user:2", "a"), ("user:1", "b"), ("user:3", "-"), ("user:2", "c")] {
        publish(&publisher, channel, text).await;
    }
    let heard = async || match timeout(Duration::from_secs(5), listener.next()).await.unwrap() {
        Some(Heard::Message { channel, message }) => {
            format!("{channel} {}", String::from_utf8_lossy(&message))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(heard().await, "user:2 a");
    assert_eq!(heard().await, "user:1 b");
    assert_eq!(heard().await, "user:2 c");
    drop(first);
    publish(&publisher, "user:1", "d").await;
    publish(&publisher, "user:2", "e").await;
    assert_eq!(heard().await, "user:2 e");
    assert_eq!(next(&mut other).await, message("b"));
    assert_eq!(next(&mut other).await, message("d"));
}

#[tokio::test]
async fn a_listener_hears_its_channels_in_order() {
    let bus = PubSub::in_process();
    listens_to_many_channels(bus.clone(), bus).await;
    let prefix = random_prefix();
    let bus = || PubSub::redis(RedisClient::connect(URL).unwrap(), &prefix);
    listens_to_many_channels(bus(), bus()).await;
}

#[tokio::test]
async fn messages_are_shared_not_copied() {
    let bus = PubSub::in_process();
    let mut subscription = bus.subscribe("thread:1").await.unwrap();
    let sent = Bytes::from(vec![7; 100]);
    bus.publish("thread:1", sent.clone()).await.unwrap();
    let Delivery::Message(received) = next(&mut subscription).await else {
        panic!("a gap")
    };
    assert_eq!(received.as_ptr(), sent.as_ptr());
}

#[tokio::test]
async fn redis_is_asked_only_for_channels_in_use() {
    let redis = RedisClient::connect(URL).unwrap();
    let prefix = random_prefix();
    let bus = PubSub::redis(redis.clone(), &prefix);
    let first = bus.subscribe("thread:1").await.unwrap();
    let second = bus.subscribe("thread:1").await.unwrap();
    let channel = format!("{prefix}thread:1");
    assert_eq!(subscribers_in_redis(&redis, &channel).await, 1);
    drop(first);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(subscribers_in_redis(&redis, &channel).await, 1);
    drop(second);
    while subscribers_in_redis(&redis, &channel).await > 0 {
        sleep(Duration::from_millis(5)).await;
    }
}

async fn subscribers_in_redis(redis: &RedisClient, channel: &str) -> i64 {
    let mut command = ::redis::cmd("PUBSUB");
    command.arg("NUMSUB").arg(channel);
    let command = &command;
    let (_, count): (String, i64) = redis
        .run(|mut connection| async move { command.query_async(&mut connection).await })
        .await
        .unwrap();
    count
}

#[tokio::test]
async fn a_redis_that_is_down_refuses_subscriptions_soon() {
    let bus = PubSub::redis(RedisClient::connect("redis://127.0.0.1:1/").unwrap(), "x:");
    for _ in 0..3 {
        let result = timeout(Duration::from_secs(5), bus.subscribe("thread:1"))
            .await
            .unwrap();
        assert!(matches!(result, Err(PubSubError::Unavailable(_))));
    }
    assert!(bus.publish("thread:1", Bytes::new()).await.is_err());
    assert!(!bus.0.topics.contains("thread:1"));
}

/// The addresses under which Redis knows the connections that were made through [`relay`].
type Connections = Arc<Mutex<Vec<SocketAddr>>>;

/// Relays connections to Redis, so that the test can tell this bus's connections from everybody else's.
async fn relay() -> (String, Connections) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut url = url::Url::parse(URL).unwrap();
    let redis = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(6379));
    url.set_host(Some(&address.ip().to_string())).unwrap();
    url.set_port(Some(address.port())).unwrap();
    let connections = Connections::default();
    let known = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&redis).await.unwrap();
            known.lock().push(server.local_addr().unwrap());
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (url.into(), connections)
}

#[tokio::test]
async fn delivery_goes_on_after_the_connection_was_cut() {
    let (url, connections) = relay().await;
    let prefix = random_prefix();
    let bus = PubSub::redis(RedisClient::connect(&url).unwrap(), &prefix);
    let publisher = PubSub::redis(RedisClient::connect(URL).unwrap(), &prefix);
    let mut first = bus.subscribe("thread:1").await.unwrap();
    let mut second = bus.subscribe("thread:2").await.unwrap();
    publish(&publisher, "thread:1", "before").await;
    assert_eq!(next(&mut first).await, message("before"));

    let redis = RedisClient::connect(URL).unwrap();
    let addresses = connections.lock().clone();
    for address in addresses {
        let mut kill = ::redis::cmd("CLIENT");
        kill.arg("KILL")
            .arg("TYPE")
            .arg("pubsub")
            .arg("ADDR")
            .arg(address.to_string());
        let kill = &kill;
        let _: i64 = redis
            .run(|mut own| async move { kill.query_async(&mut own).await })
            .await
            .unwrap();
    }

    for subscription in [&mut first, &mut second] {
        assert_eq!(next(subscription).await, Delivery::Gap);
    }
    publish(&publisher, "thread:1", "after").await;
    publish(&publisher, "thread:2", "after").await;
    assert_eq!(next(&mut first).await, message("after"));
    assert_eq!(next(&mut second).await, message("after"));
    let mut third = bus.subscribe("thread:3").await.unwrap();
    publish(&bus, "thread:3", "new").await;
    assert_eq!(next(&mut third).await, message("new"));
}
