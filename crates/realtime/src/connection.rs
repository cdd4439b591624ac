//! One connection from its acknowledgement to its end, in one task.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures::SinkExt as _;
use platform::App;
use tokio::time::{Instant, sleep_until, timeout};

use crate::{
    admission::Admitted,
    allowance::Allowance,
    closing::Closing,
    fan_out::LATE,
    frames::{self, Asked, Position},
    gateway::{Gateway, Member},
    log::Missed,
    upkeep,
};

/// How often a silent client is asked whether it is still there, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
/// How long a client may take to read what is written to it before it counts as one that does not read.
const WRITE: Duration = Duration::from_secs(20);
/// How long the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// What repeating events costs of the frames that a client may send.
const PRICE_OF_RESUMING: u32 = 10;
/// Longest frame of a client, in bytes.
pub const LONGEST_FRAME: usize = 128 << 10;

/// Why a connection has ended.
enum End {
    /// The client went, or is gone.
    Gone,
    /// The gateway ends it.
    Closed(Closing),
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        End::Closed(closing)
    }
}

/// Serves a connection to its end.
pub async fn serve(
    mut socket: WebSocket,
    app: App,
    gateway: Arc<Gateway>,
    admitted: Result<Admitted, Closing>,
) {
    // The end of the process waits until clients have been told.
    let _running = app.tasks().token();
    metrics::gauge!("selflink_realtime_connections").increment(1.0);
    let entered = match admitted {
        // Boxed, as the rest of the connection does not need the room.
        Ok(admitted) => Box::pin(enter(&app, &gateway, admitted)).await,
        Err(closing) => Err(closing),
    };
    let end = match entered {
        Ok((member, admitted)) => {
            let mut connection = Connection::new(socket, app, gateway, member, &admitted);
            let Err(end) = connection.run(admitted.resume_after).await;
            socket = connection.socket;
            end
        }
        Err(closing) => End::Closed(closing),
    };
    let code = match end {
        End::Gone => "client".to_owned(),
        End::Closed(closing) => closing.code().to_string(),
    };
    metrics::counter!("selflink_realtime_closed_total", "code" => code).increment(1);
    // Who does not take the farewell in time is cut off.
    let _ = timeout(FAREWELL, part(&mut socket, &end)).await;
    metrics::gauge!("selflink_realtime_connections").decrement(1.0);
}

async fn enter(app: &App, gateway: &Arc<Gateway>, admitted: Admitted) -> Result<(Member, Admitted), Closing> {
    let channels = admitted.channels.clone();
    let member = gateway
        .enter(app, admitted.user, admitted.session, channels)
        .await?;
    if gateway.rechecks() != admitted.rechecks {
        // Its session may have ended since it was looked at, when nobody knew of this connection.
        upkeep::recheck(app, &[Arc::clone(&member.socket)]).await;
    }
    Ok((member, admitted))
}

/// Says farewell and waits for the client's.
async fn part(socket: &mut WebSocket, end: &End) {
    if let End::Closed(closing) = end {
        if let Some(words) = closing.farewell()
            && socket.feed(words).await.is_err()
        {
            return;
        }
        if socket.send(closing.frame()).await.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.recv().await {}
}

struct Connection {
    socket: WebSocket,
    app: App,
    gateway: Arc<Gateway>,
    member: Member,
    allowance: Allowance,
    /// When the token ends, if that ends the connection.
    ends_at: Option<Instant>,
    /// When a ping is due, or the answer to the last one.
    due_at: Instant,
    is_asked: bool,
    /// Events that were repeated from the log and may come by themselves once more.
    repeated: Option<Box<Repeated>>,
}

struct Repeated {
    events: HashSet<i64>,
    until: Instant,
}

enum Happened {
    Queued(Option<Closing>),
    Received(Option<Result<Message, axum::Error>>),
    Due,
}

impl Connection {
    fn new(socket: WebSocket, app: App, gateway: Arc<Gateway>, member: Member, admitted: &Admitted) -> Self {
        let settings = gateway.settings(&app);
        let lifetime = admitted.expires_at.saturating_sub(app.clock().now().timestamp());
        let lifetime = Duration::from_secs(u64::try_from(lifetime).unwrap_or(0));
        let now = Instant::now();
        Self {
            allowance: Allowance::new(settings.frame_rate),
            ends_at: settings
                .close_expired
                .then(|| now.checked_add(lifetime))
                .flatten(),
            due_at: now + PING,
            is_asked: false,
            repeated: None,
            socket,
            app,
            gateway,
            member,
        }
    }

    async fn run(&mut self, resume_after: Option<Position>) -> Result<std::convert::Infallible, End> {
        self.write(Message::Text(frames::CONNECTED)).await?;
        if let Some(position) = resume_after {
            Box::pin(self.resume(position)).await?;
        }
        loop {
            let wake_at = self.ends_at.map_or(self.due_at, |end| end.min(self.due_at));
            let happened = tokio::select! {
                closing = self.member.socket.queue.ready() => Happened::Queued(closing),
                received = self.socket.recv() => Happened::Received(received),
                () = sleep_until(wake_at) => Happened::Due,
            };
            match happened {
                Happened::Queued(Some(closing)) => return Err(closing.into()),
                Happened::Queued(None) => self.send_queued().await?,
                Happened::Received(received) => self.take(received).await?,
                Happened::Due => self.be_due().await?,
            }
        }
    }

    /// Sends what waits; many frames go out at once.
    async fn send_queued(&mut self) -> Result<(), End> {
        while let Some(frame) = self.member.socket.queue.pop() {
            if frame.event.is_some_and(|event| self.was_repeated(event)) {
                continue;
            }
            self.put(Message::Text(frame.text)).await?;
        }
        self.flush().await
    }

    fn was_repeated(&self, event: i64) -> bool {
        self.repeated
            .as_ref()
            .is_some_and(|repeated| repeated.events.contains(&event))
    }

    async fn be_due(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.ends_at.is_some_and(|end| end <= now) {
            return Err(Closing::TokenEnded.into());
        }
        if self.is_asked {
            return Err(Closing::Silent.into());
        }
        if self
            .repeated
            .as_ref()
            .is_some_and(|repeated| now > repeated.until)
        {
            self.repeated = None;
        }
        self.is_asked = true;
        self.due_at = now + PING;
        self.write(Message::Ping(bytes::Bytes::new())).await
    }

    async fn take(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let message = match received {
            None => return Err(End::Gone),
            Some(Err(error)) => return Err(broken(&error)),
            Some(Ok(message)) => message,
        };
        self.is_asked = false;
        self.due_at = Instant::now() + PING;
        if let Message::Close(_) = message {
            return Err(End::Gone);
        }
        if !self.allowance.spend(1) {
            return Err(Closing::TooManyFrames.into());
        }
        match message {
            Message::Text(text) => match frames::read(&text) {
                Asked::Answer(answer) => self.write(Message::Text(answer)).await,
                Asked::Resume(position) => {
                    if !self.allowance.spend(PRICE_OF_RESUMING) {
                        return Err(Closing::TooManyFrames.into());
                    }
                    // What is newer than the log is not told before it.
                    Box::pin(self.resume(position)).await
                }
            },
            Message::Binary(_) => self.write(Message::Text(frames::ignored())).await,
            // The answer to a ping goes out by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        }
    }

    /// Tells what happened after `position`, or that the client must look for itself. What happens meanwhile waits in the
    /// queue and follows.
    async fn resume(&mut self, position: Position) -> Result<(), End> {
        let missed = match position {
            Position::New => {
                metrics::counter!("selflink_realtime_resumes_total", "outcome" => "new").increment(1);
                return self.write(frames::resumed(0, self.member.position)).await;
            }
            Position::Unknown => Missed::Lost(self.member.position),
            Position::After(last) => {
                let fresh = self.app.db().ids().next();
                let log = self.gateway.log(&self.app);
                let read = log.after(self.member.socket.user, last, fresh).await;
                read.map_err(|error| {
                    tracing::warn!(%error, "missed events could not be read");
                    Closing::NoBroker
                })?
            }
        };
        let outcome = match &missed {
            Missed::Events { .. } => "resumed",
            Missed::Lost(_) => "sync_required",
        };
        metrics::counter!("selflink_realtime_resumes_total", "outcome" => outcome).increment(1);
        match (missed, position) {
            (Missed::Events { before, events }, Position::After(last)) => {
                let newest = events.last().map_or(last, |(event, _)| *event);
                self.put(frames::resumed(events.len(), newest)).await?;
                let told = before.into_iter().chain(events.iter().map(|(event, _)| *event));
                self.repeated = Some(Box::new(Repeated {
                    events: told.collect(),
                    until: Instant::now() + LATE,
                }));
                for (_, text) in events {
                    self.put(Message::Text(text)).await?;
                }
                self.flush().await
            }
            // The position before the subscription: what came since is told, too, and what came before is in the lists.
            _ => {
                let frame = frames::sync_required(self.member.position);
                self.write(Message::Text(frame)).await
            }
        }
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        self.put(message).await?;
        self.flush().await
    }

    async fn put(&mut self, message: Message) -> Result<(), End> {
        let fed = timeout(WRITE, self.socket.feed(message));
        until_cut(&self.member, fed).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        let flushed = timeout(WRITE, self.socket.flush());
        until_cut(&self.member, flushed).await
    }
}

type Written = Result<Result<(), axum::Error>, tokio::time::error::Elapsed>;

/// Waits for a write, unless the connection is to end meanwhile.
async fn until_cut(member: &Member, write: impl Future<Output = Written>) -> Result<(), End> {
    tokio::select! {
        biased;
        written = write => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(Closing::SlowConsumer.into()),
        },
        closing = member.socket.queue.cut() => Err(closing.into()),
    }
}

/// What a failure to read means; the library that finds it does not tell its kinds apart here but by their words.
fn broken(error: &axum::Error) -> End {
    let words = error.to_string();
    if words.starts_with("Space limit exceeded") {
        Closing::TooBig.into()
    } else if words.starts_with("WebSocket protocol error") || words.starts_with("UTF-8") {
        Closing::Malformed.into()
    } else {
        End::Gone
    }
}
