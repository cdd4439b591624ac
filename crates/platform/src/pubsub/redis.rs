use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{PubSub as Connection, PubSubSink};
use ::redis::{Msg, RedisError, RedisResult, Value};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::PubSubError;
use super::topics::Topics;
use crate::redis_client::{COMMAND_TIMEOUT, RedisClient, is_connection_failure};

/// How often the subscriber connection, which otherwise only listens, checks that Redis is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// The pause before connecting again doubles from the first to the second.
const RECONNECT_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How long a subscription may take: an attempt to connect and a command.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(4);
/// How many requests and channels go into one command.
const BATCH: usize = 1000;

/// The way to Redis: publishes over the shared connection and asks the [`Subscriber`] for subscriptions.
pub(super) struct Broker {
    redis: RedisClient,
    prefix: Arc<str>,
    requests: mpsc::UnboundedSender<Request>,
}

/// Asks to bring the subscription to a channel in line with whether this process has subscribers for it.
struct Request {
    channel: Arc<str>,
    /// Who waits for the subscription, if anybody does.
    waiting: Option<Waiting>,
}

type Waiting = oneshot::Sender<Result<(), PubSubError>>;

impl Broker {
    pub fn start(redis: RedisClient, prefix: &str, topics: Arc<Topics>) -> Self {
        let prefix = Arc::<str>::from(prefix);
        let (requests, received) = mpsc::unbounded_channel();
        let subscriber = Subscriber {
            redis: redis.clone(),
            prefix: Arc::clone(&prefix),
            topics,
            requests: received,
            pending: Vec::new(),
            subscribed: HashSet::new(),
        };
        tokio::spawn(subscriber.run());
        Self {
            redis,
            prefix,
            requests,
        }
    }

    /// The server, and what stands before every key and channel.
    pub fn server(&self) -> (&RedisClient, &Arc<str>) {
        (&self.redis, &self.prefix)
    }

    pub async fn publish(&self, channel: &str, message: &Bytes) -> Result<(), PubSubError> {
        let mut command = ::redis::cmd("PUBLISH");
        command
            .arg(format!("{}{channel}", self.prefix))
            .arg(message.as_ref());
        let command = &command;
        self.redis
            .run(|mut connection| async move { command.query_async(&mut connection).await })
            .await
            .map_err(|error| failure(&error))
    }

    /// Waits until the subscription to `channel` is in force.
    pub async fn confirm(&self, channel: Arc<str>) -> Result<(), PubSubError> {
        let (waiting, confirmed) = oneshot::channel();
        let asked = self.requests.send(Request {
            channel,
            waiting: Some(waiting),
        });
        let late = || PubSubError::Unavailable("the subscription was not confirmed in time".to_owned());
        match timeout(SUBSCRIBE_TIMEOUT, confirmed).await {
            Ok(Ok(result)) if asked.is_ok() => result,
            _ => Err(late()),
        }
    }

    /// The last subscriber of `channel` in this process is gone.
    pub fn release(&self, channel: Arc<str>) {
        // Fails only when the subscriber has ended, and the subscription with it.
        let _ = self.requests.send(Request {
            channel,
            waiting: None,
        });
    }
}

/// The task that holds the process's one subscriber connection.
struct Subscriber {
    redis: RedisClient,
    prefix: Arc<str>,
    topics: Arc<Topics>,
    requests: mpsc::UnboundedReceiver<Request>,
    /// Requests that have been received and not been answered.
    pending: Vec<Request>,
    /// The channels that the present connection is subscribed to.
    subscribed: HashSet<Arc<str>>,
}

/// Why the subscriber stopped listening.
enum Stop {
    /// Nobody can subscribe any more.
    Finished,
    Failed(RedisError),
}

impl Subscriber {
    async fn run(mut self) {
        // A process that only publishes opens no connection.
        let Some(first) = self.requests.recv().await else {
            return;
        };
        self.pending.push(first);
        let mut interrupted = false;
        let mut pause = RECONNECT_PAUSE.0;
        loop {
            let error = match self.connect().await {
                Ok((mut sink, mut messages)) => {
                    if interrupted {
                        tracing::info!("the subscriber connection to Redis is back");
                        self.topics.mark_gap();
                    }
                    interrupted = true;
                    pause = RECONNECT_PAUSE.0;
                    match self.listen(&mut sink, &mut messages).await {
                        Stop::Finished => return,
                        Stop::Failed(error) => error,
                    }
                }
                Err(error) => error,
            };
            metrics::counter!("selflink_pubsub_interruptions_total").increment(1);
            tracing::warn!(%error, ?pause, "no subscriber connection to Redis, trying again");
            if self.turn_away(&error, pause).await.is_err() {
                return;
            }
            pause = (pause * 2).min(RECONNECT_PAUSE.1);
        }
    }

    /// Opens a connection that is subscribed to everything this process has subscribers for.
    async fn connect(&mut self) -> RedisResult<(PubSubSink, impl Stream<Item = Msg> + use<>)> {
        self.subscribed.clear();
        let (mut sink, messages) = self.redis.open_subscriber().await.map(Connection::split)?;
        for channels in self.topics.channels().chunks(BATCH) {
            self.subscribe(&mut sink, &channels.iter().cloned().collect())
                .await?;
        }
        Ok((sink, messages))
    }

    async fn listen(
        &mut self,
        sink: &mut PubSubSink,
        messages: &mut (impl Stream<Item = Msg> + Unpin),
    ) -> Stop {
        let mut ping = interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Err(error) = self.answer(sink).await {
                return Stop::Failed(error);
            }
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.deliver(&message),
                    None => return Stop::Failed(closed()),
                },
                received = self.requests.recv_many(&mut self.pending, BATCH) => if received == 0 {
                    return Stop::Finished;
                },
                _ = ping.tick() => if let Err(error) = in_time(sink.ping::<Value>()).await {
                    return Stop::Failed(error);
                },
            }
        }
    }

    /// Carries out the pending requests.
    ///
    /// Fails only with the connection; the requests then stay pending.
    async fn answer(&mut self, sink: &mut PubSubSink) -> RedisResult<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // What counts is whether there are subscribers now, not the order in which they came and went.
        let (mut wanted, mut unwanted) = (HashSet::new(), HashSet::new());
        for request in &self.pending {
            let channel = &request.channel;
            match (self.topics.contains(channel), self.subscribed.contains(channel)) {
                (true, false) => wanted.insert(Arc::clone(channel)),
                (false, true) => unwanted.insert(Arc::clone(channel)),
                _ => false,
            };
        }
        if !unwanted.is_empty() {
            in_time(sink.unsubscribe(self.names(&unwanted))).await?;
            self.subscribed.retain(|channel| !unwanted.contains(channel));
        }
        let refusal = match self.subscribe(sink, &wanted).await {
            Err(error) if is_connection_failure(&error) => return Err(error),
            result => result.err(),
        };
        for request in std::mem::take(&mut self.pending) {
            let Some(waiting) = request.waiting else { continue };
            let result = match &refusal {
                Some(error) if !self.subscribed.contains(&request.channel) => Err(failure(error)),
                _ => Ok(()),
            };
            // Whoever asked may have given up waiting.
            let _ = waiting.send(result);
        }
        Ok(())
    }

    async fn subscribe(&mut self, sink: &mut PubSubSink, channels: &HashSet<Arc<str>>) -> RedisResult<()> {
        if channels.is_empty() {
            return Ok(());
        }
        in_time(sink.subscribe(self.names(channels))).await?;
        self.subscribed.extend(channels.iter().cloned());
        Ok(())
    }

    fn names(&self, channels: &HashSet<Arc<str>>) -> Vec<String> {
        channels
            .iter()
            .map(|channel| format!("{}{channel}", self.prefix))
            .collect()
    }

    fn deliver(&self, message: &Msg) {
        let name = message.get_channel_name();
        let Some(channel) = name.strip_prefix(&*self.prefix) else {
            return;
        };
        self.topics
            .deliver(channel, &Bytes::copy_from_slice(message.get_payload_bytes()));
    }

    /// Refuses subscriptions for the time of `pause`; fails when nobody can ask any more.
    async fn turn_away(&mut self, error: &RedisError, pause: Duration) -> Result<(), ()> {
        let over = sleep(pause);
        tokio::pin!(over);
        loop {
            for request in self.pending.drain(..) {
                if let Some(waiting) = request.waiting {
                    let _ = waiting.send(Err(failure(error)));
                }
            }
            tokio::select! {
                () = &mut over => return Ok(()),
                received = self.requests.recv_many(&mut self.pending, BATCH) => if received == 0 {
                    return Err(());
                },
            }
        }
    }
}

/// Gives a command on the subscriber connection its time limit.
async fn in_time<T>(command: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(COMMAND_TIMEOUT, command)
        .await
        .unwrap_or_else(|_| Err(closed()))
}

fn closed() -> RedisError {
    RedisError::from((::redis::ErrorKind::Io, "the subscriber connection was lost"))
}

fn failure(error: &RedisError) -> PubSubError {
    if is_connection_failure(error) {
        PubSubError::Unavailable(error.to_string())
    } else {
        PubSubError::Refused(error.to_string())
    }
}
