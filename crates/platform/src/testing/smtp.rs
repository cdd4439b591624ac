//! A mail server in the test's own process: speaks SMTP as far as a client needs it, and keeps what it was given.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use mail_parser::MessageParser;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinHandle,
};

/// What the server does with mails from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// Takes them.
    #[default]
    Obliging,
    /// Refuses every recipient with this code, repeating the address as real servers do.
    Refusing(u16),
    /// Says nothing once a mail begins, until it is in another mood; then it goes on.
    Silent,
    /// Closes the connection when it has read a mail, before it says whether it has taken it.
    Hasty,
}

/// A mail that the server took.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// User and password of the client, if it signed in.
    pub login: Option<(String, String)>,
    /// The whole message as it came.
    pub raw: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its plain text, decoded.
    pub text: String,
    /// Its HTML, decoded.
    pub html: String,
}

impl ReceivedMail {
    /// The last run of 64 hexadecimal digits in the text: a one-time token.
    pub fn token(&self) -> String {
        let mut words = self.text.rsplit(|character: char| !character.is_ascii_hexdigit());
        words
            .find(|word| word.len() == 64)
            .unwrap_or_else(|| panic!("no token in: {}", self.text))
            .to_owned()
    }
}

struct State {
    mood: watch::Sender<Mood>,
    mails: Mutex<Vec<ReceivedMail>>,
    connections: AtomicUsize,
}

/// The server; ends with this handle.
pub struct SmtpFake {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl SmtpFake {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("has an address");
        let state = Arc::new(State {
            mood: watch::Sender::new(Mood::default()),
            mails: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let state = Arc::clone(&shared);
                // A client that breaks off ends the conversation, nothing more.
                tokio::spawn(async move { Conversation::new(stream, state).hold().await });
            }
        });
        Self { address, state, task }
    }

    /// The value of `SMTP_URL` that leads here.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// The same for a client that signs in.
    pub fn url_with_login(&self, user: &str, password: &str) -> String {
        format!("smtp://{user}:{password}@{}?tls=none", self.address)
    }

    /// Changes what happens to mails.
    pub fn be(&self, mood: Mood) {
        self.state.mood.send_replace(mood);
    }

    /// The mails taken so far.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.state.mails.lock().clone()
    }

    /// The mails to this recipient.
    pub fn mails_to(&self, recipient: &str) -> Vec<ReceivedMail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to.iter().any(|to| to == recipient));
        mails
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }
}

impl Drop for SmtpFake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Conversation {
    reader: BufReader<tokio::net::tcp::OwnedReadHalf>,
    writer: OwnedWriteHalf,
    state: Arc<State>,
    login: Option<(String, String)>,
    from: String,
    to: Vec<String>,
}

impl Conversation {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader: BufReader::new(reader),
            writer,
            state,
            login: None,
            from: String::new(),
            to: Vec::new(),
        }
    }

    async fn hold(mut self) -> Option<()> {
        self.say("220 fake.example ESMTP").await?;
        loop {
            let line = self.line().await?;
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    self.say("250-fake.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
                        .await?;
                }
                "AUTH" => self.sign_in(&line).await?,
                "MAIL" => {
                    self.from = path(&line);
                    self.to.clear();
                    let mut mood = self.state.mood.subscribe();
                    mood.wait_for(|mood| *mood != Mood::Silent).await.ok()?;
                    self.say("250 ok").await?;
                }
                "RCPT" => self.take_recipient(&line).await?,
                "DATA" if self.to.is_empty() => self.say("503 no recipient").await?,
                "DATA" => self.take_message().await?,
                "RSET" | "NOOP" => self.say("250 ok").await?,
                "QUIT" => {
                    self.say("221 bye").await?;
                    return Some(());
                }
                _ => self.say("500 unknown command").await?,
            }
        }
    }

    async fn sign_in(&mut self, line: &str) -> Option<()> {
        let encoded = line.strip_prefix("AUTH PLAIN ")?;
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
        let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
        self.login = Some((parts.next()?, parts.next()?));
        if self
            .login
            .as_ref()
            .is_some_and(|(_, password)| password == "wrong")
        {
            return self.say("535 authentication failed").await;
        }
        self.say("235 ok").await
    }

    async fn take_recipient(&mut self, line: &str) -> Option<()> {
        let mood = *self.state.mood.borrow();
        if let Mood::Refusing(code) = mood {
            let refusal = format!("{code} <{}>: recipient refused", path(line));
            return self.say(&refusal).await;
        }
        self.to.push(path(line));
        self.say("250 ok").await
    }

    async fn take_message(&mut self) -> Option<()> {
        self.say("354 go on").await?;
        let mut raw = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        if *self.state.mood.borrow() == Mood::Hasty {
            return None;
        }
        let message = MessageParser::default().parse(raw.as_bytes())?;
        let received = ReceivedMail {
            from: self.from.clone(),
            to: self.to.clone(),
            login: self.login.clone(),
            subject: message.subject().unwrap_or("").to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            raw: raw.clone(),
        };
        self.state.mails.lock().push(received);
        self.say("250 taken").await
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).await.ok()?;
        (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn say(&mut self, line: &str) -> Option<()> {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await.ok()
    }
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}
