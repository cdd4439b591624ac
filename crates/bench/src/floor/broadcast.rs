//! The floor of the gateway's fan-out: a process that writes one frame to as many sockets and does nothing else. It knows
//! no people, no threads and no database.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::stream::SplitSink;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::Request;

use crate::gateway::{Marker, Publish, Socket, Tally, drive_fanout, listen, open_all};
use crate::options::Options;
use crate::report::float;
use crate::server::free_address;

/// How long the process may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the socket is opened that says what all others hear.
const SPEAKER: &str = "/speaker";

type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;

/// What the loop is told.
enum Told {
    Joined(Sink),
    Said(Message),
}

/// Passes on every message to all sockets, in one loop, until the process is killed.
pub async fn serve(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    let (tell, told) = mpsc::unbounded_channel();
    tokio::task::spawn_local(pass_on(told));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(hear(stream, tell.clone()));
    }
}

async fn hear(stream: TcpStream, tell: UnboundedSender<Told>) {
    let mut path = String::new();
    #[expect(
        clippy::result_large_err,
        reason = "the library chose what a refusal is, and nobody is refused"
    )]
    let note_path = |request: &Request, response| {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, note_path).await else {
        return;
    };
    let (mut sink, mut messages) = socket.split();
    if path != SPEAKER
        && (sink.send(Message::text("here")).await.is_err() || tell.send(Told::Joined(sink)).is_err())
    {
        return;
    }
    while let Some(Ok(message @ Message::Text(_))) = messages.next().await {
        if tell.send(Told::Said(message)).is_err() {
            return;
        }
    }
}

async fn pass_on(mut told: UnboundedReceiver<Told>) {
    let mut sinks = Vec::new();
    while let Some(told) = told.recv().await {
        match told {
            Told::Joined(sink) => sinks.push(sink),
            Told::Said(message) => {
                for sink in &mut sinks {
                    // A socket that is gone is found missing at the other end.
                    drop(sink.send(message.clone()).await);
                }
            }
        }
    }
}

/// Who says the frame that the gateway's members got, with a marker of this moment.
struct Speaker {
    socket: Socket,
    frame: Vec<u8>,
    marker_at: usize,
}

impl Publish for Speaker {
    async fn publish(&mut self, marker: Marker) -> Result<()> {
        let text = marker.text();
        self.frame[self.marker_at..][..text.len()].copy_from_slice(text.as_bytes());
        self.socket.send(&self.frame).await
    }
}

/// Deliveries a second of `frame` to so many sockets.
pub async fn measure(frame: Vec<u8>, audience: u64, options: &Options) -> Result<f64> {
    let address = free_address()?;
    let mut process = start(address)?;
    let tally = Tally::new(options.patience());
    let (marker_at, _) = tally.find(&frame).context("no frame has arrived")?;
    await_start(address, &mut process).await?;
    let mut tasks = JoinSet::new();
    let numbers = 0..usize::try_from(audience)?;
    let place = |_| (address, "/".to_owned());
    for socket in open_all(place, numbers, usize::from(options.connections), |_| {}).await? {
        let taken = Rc::clone(&tally);
        listen(&mut tasks, socket, &tally, move |marker, _| {
            taken.arrive(marker.sent);
        });
    }
    let mut speaker = Speaker {
        socket: Socket::open(address, SPEAKER, 0).await?,
        frame,
        marker_at,
    };
    let measured = drive_fanout(&mut speaker, audience, &tally, None, options).await?;
    ensure!(
        measured.failures.count == 0,
        "{}",
        measured.failures.first.unwrap_or_default()
    );
    process.kill().await?;
    Ok(float(measured.requests()) / measured.elapsed.as_secs_f64())
}

fn start(address: SocketAddr) -> Result<Child> {
    let own = std::env::current_exe().context("finding this program")?;
    Command::new(own)
        .args(["--serve-floor", &address.to_string()])
        .kill_on_drop(true)
        .spawn()
        .context("starting the bare loop")
}

async fn await_start(address: SocketAddr, process: &mut Child) -> Result<()> {
    let waiting = async {
        while TcpStream::connect(address).await.is_err() {
            time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        waited = time::timeout(START_TIMEOUT, waiting) => waited.context("the bare loop does not listen"),
        ended = process.wait() => anyhow::bail!("the bare loop ended ({})", ended?),
    }
}
