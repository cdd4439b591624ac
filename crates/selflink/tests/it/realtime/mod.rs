//! The realtime gateway, spoken to as clients do.

mod channels;
mod connecting;
mod faults;
mod gateways;
mod limits;
mod page;
mod presence;
mod publishing;
mod resuming;
mod sessions;
mod wire;

use std::time::Duration;

use ::realtime::Notice;
use futures::{SinkExt as _, StreamExt as _};
use platform::{
    id::UserId,
    testing::{Client, TestApp},
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use crate::support::{PASSWORD, TestUser};

/// How long something that must happen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client's connection to the gateway.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects with this query, whatever comes of it.
    pub async fn dial(app: &TestApp, query: &str) -> Self {
        Self::try_dial(&app.url, query).await.expect("is a gateway")
    }

    /// The same, to any address.
    pub async fn try_dial(url: &str, query: &str) -> Result<Self, Error> {
        let url = format!("{}/ws?{query}", url.replace("http://", "ws://"));
        connect_async(url).await.map(|(socket, _)| Self(socket))
    }

    /// Connects as this user, with a further part of the query, and is let in.
    pub async fn open_with(app: &TestApp, user: &TestUser, more: &str) -> Self {
        let token = user.client.token.as_deref().expect("is signed in");
        let mut socket = Self::dial(app, &format!("token={token}{more}")).await;
        assert_eq!(
            socket.next().await,
            json!({ "type": "ack", "message": "connected" })
        );
        socket
    }

    /// Connects as this user and is let in.
    pub async fn open(app: &TestApp, user: &TestUser) -> Self {
        Self::open_with(app, user, "").await
    }

    /// The next frame, but for those of the protocol itself.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("a frame comes");
            match message.expect("the connection goes on").expect("is readable") {
                Message::Text(text) => return serde_json::from_str(&text).expect("is JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The ids of the next events.
    pub async fn events(&mut self, count: usize) -> Vec<i64> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(event_of(&self.next().await));
        }
        events
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text.
    pub async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("is sent");
    }

    /// Waits until the gateway has answered to a ping, which it does after everything that came before; returns what did.
    pub async fn settle(&mut self) -> Vec<Value> {
        self.send(&json!({ "type": "ping" })).await;
        let mut came = Vec::new();
        loop {
            match self.next().await {
                frame if frame["type"] == "pong" => return came,
                frame => came.push(frame),
            }
        }
    }

    /// Reads to the end; the code and the words of the close frame, and the frames before it.
    pub async fn closed(&mut self) -> (u16, String, Vec<Value>) {
        let mut frames = Vec::new();
        loop {
            match timeout(PATIENCE, self.0.next())
                .await
                .expect("the gateway closes")
            {
                Some(Ok(Message::Text(text))) => frames.push(serde_json::from_str(&text).expect("is JSON")),
                Some(Ok(Message::Close(Some(frame)))) => {
                    // Read on to its end, so that the answer goes out.
                    while let Some(Ok(_)) = self.0.next().await {}
                    return (frame.code.into(), frame.reason.to_string(), frames);
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return (0, String::new(), frames),
                Some(Ok(_)) => {}
            }
        }
    }
}

/// The id of the event that a frame tells of.
pub fn event_of(frame: &Value) -> i64 {
    let id = frame["event_id"]
        .as_str()
        .unwrap_or_else(|| panic!("no event: {frame}"));
    id.parse().expect("is a number")
}

/// A frame for tests.
pub fn frame(text: &str) -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), json!("test")),
        ("text".to_owned(), json!(text)),
    ])
}

/// Publishes an event to these people.
pub async fn tell(app: &TestApp, event_id: i64, to: &[&TestUser]) {
    let notice = Notice {
        to: to.iter().map(|user| UserId(user.id)).collect(),
        event_id,
        frame: frame("hello"),
    };
    ::realtime::publish(&app.app, &[notice])
        .await
        .expect("is published");
}

/// Signs in once more: a session of its own.
pub async fn another_session(app: &TestApp, user: &TestUser) -> Client {
    let body = json!({ "email": user.email, "password": PASSWORD });
    let answer = app.client().post("auth/login/", &body).await.expect(200);
    app.client()
        .with_token(answer["token"].as_str().expect("a token"))
}
