//! A stand-in for the server: answers every route of the scenarios with the same bytes each time.
//!
//! The tests run the load generator against it. Named with `--bin`, it also shows the most that the load
//! generator itself can do. It takes the server's arguments (`serve --bind ADDRESS`), and makes the tables that
//! scenarios write to or count in, on SQLite only. A copy of it whose name ends in `refusing` refuses every login; one
//! whose name ends in `miscounting` gives its only user a follower who is not there; one whose name ends in `losing` tells
//! no socket of a message. Every message goes to all sockets.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const REGISTERED: &str = r#"{"token":"t","refreshToken":"r","user":{"id":7164298750001152},"message":"ok"}"#;

/// The columns that scenarios use, and the user of [`REGISTERED`].
const TABLES: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, handle, name, flags, password, search_text, created_at, updated_at,
        followers_count NOT NULL DEFAULT 0, following_count NOT NULL DEFAULT 0, posts_count NOT NULL DEFAULT 0);
    CREATE TABLE user_pii (user_id INTEGER PRIMARY KEY, email, email_key);
    CREATE TABLE user_settings (user_id INTEGER PRIMARY KEY, quiet_hours);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id, refresh_jti, previous_jti, created_at, rotated_at, expires_at,
        address, user_agent, second_factor);
    CREATE TABLE follows (follower_id, followee_id, created_at, PRIMARY KEY (follower_id, followee_id));
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id, text, visibility, language, like_count, comment_count,
        created_at, updated_at);
    CREATE TABLE post_likes (post_id, user_id, created_at, PRIMARY KEY (post_id, user_id));
    CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id, author_id, text, created_at, updated_at);
    CREATE TABLE search_users (user_id INTEGER PRIMARY KEY, names, bio);
    CREATE TABLE timeline (user_id, post_id, author_id, score, created_at);
    INSERT INTO users (id) VALUES (7164298750001152);";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [program, command, option, address] = arguments.as_slice() else {
        panic!("usage: canned serve --bind ADDRESS")
    };
    assert_eq!([command, option], ["serve", "--bind"]);
    let url = std::env::var_os("DATABASE_URL").expect("DATABASE_URL is set");
    let url = url.to_str().expect("DATABASE_URL is text");
    if url.starts_with("sqlite:") {
        let followers = i32::from(program.ends_with("miscounting"));
        make_tables(url, followers).expect("the tables can be made");
    }
    let canned = Arc::new(Canned {
        login_status: if program.ends_with("refusing") {
            "401 Unauthorized"
        } else {
            "200 OK"
        },
        loses: program.ends_with("losing"),
        sockets: Mutex::default(),
    });
    let listener = TcpListener::bind(address).expect("the address is free");
    for stream in listener.incoming() {
        let (stream, canned) = (stream.expect("a connection"), Arc::clone(&canned));
        thread::spawn(move || canned.answer_all(stream));
    }
}

/// What the connections share.
struct Canned {
    login_status: &'static str,
    loses: bool,
    sockets: Mutex<Vec<TcpStream>>,
}

fn make_tables(url: &str, followers: i32) -> Result<(), Box<dyn Error>> {
    let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
    std::fs::create_dir_all(options.get_filename().parent().unwrap_or(Path::new(".")))?;
    let text = format!("{TABLES} UPDATE users SET followers_count = {followers};");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = options.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(())
    })
}

impl Canned {
    /// Answers until the other side hangs up. Requests are small and come one by one: each is one read.
    fn answer_all(&self, mut stream: TcpStream) {
        stream.set_nodelay(true).expect("a TCP connection");
        let mut request = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut request) {
            let request = &request[..length];
            if request.starts_with(b"GET /ws?") {
                self.shake_hands(&mut stream, request);
                continue;
            }
            let (status, body) = self.answer(request);
            let length = body.len();
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            if stream.write_all(response.as_bytes()).is_err() {
                break;
            }
        }
    }

    fn answer(&self, request: &[u8]) -> (&'static str, &'static str) {
        match request {
            request if request.starts_with(b"GET /health ") => ("200 OK", "{\"status\":\"ok\"}"),
            request if request.starts_with(b"POST /api/v1/auth/register/ ") => ("201 Created", REGISTERED),
            request if request.starts_with(b"POST /api/v1/auth/login/ ") => (self.login_status, REGISTERED),
            request if request.starts_with(b"GET /api/v1/users/") => ("200 OK", "{\"results\":[]}"),
            request if request.starts_with(b"GET /api/v1/feed/") => ("200 OK", "{\"items\":[]}"),
            request if request.starts_with(b"POST /api/v1/posts/ ") => ("201 Created", "{}"),
            request if request.starts_with(b"POST /api/v1/threads/5/messages/ ") => {
                self.tell_all(request);
                ("201 Created", "{}")
            }
            request if request.starts_with(b"POST /api/v1/threads/") => ("201 Created", "{\"id\":5}"),
            request if is_read_of_posts(request) => ("200 OK", "{\"results\":[]}"),
            request if is_follow(request) => ("200 OK", "{\"following\":true}"),
            _ => ("404 Not Found", "{}"),
        }
    }

    /// Makes the connection a `WebSocket`, on which nothing is listened to.
    fn shake_hands(&self, stream: &mut TcpStream, request: &[u8]) {
        let text = String::from_utf8_lossy(request);
        let key = text
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-key: "));
        let accept = derive_accept_key(key.expect("a key").as_bytes());
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(response.as_bytes()).expect("a handshake");
        let ack = frame(br#"{"type":"ack","message":"connected"}"#);
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(&ack).expect("an open socket");
        sockets.push(stream.try_clone().expect("a second handle"));
    }

    /// Sends the body of a request to all sockets that are still there.
    fn tell_all(&self, request: &[u8]) {
        if self.loses {
            return;
        }
        let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let told = frame(&request[head.map_or(0, |at| at + 4)..]);
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.retain_mut(|socket| socket.write_all(&told).is_ok());
    }
}

/// A text frame of a server.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length @ ..126) => frame.push(length),
        _ => {
            frame.push(126);
            frame.extend(u16::try_from(text.len()).expect("a short text").to_be_bytes());
        }
    }
    frame.extend(text);
    frame
}

/// Whether a request reads posts, comments or what a search finds.
fn is_read_of_posts(request: &[u8]) -> bool {
    let paths = ["posts/", "comments/", "search/"];
    paths
        .iter()
        .any(|path| request.starts_with(format!("GET /api/v1/{path}").as_bytes()))
}

/// Whether a request begins or ends a follow.
fn is_follow(request: &[u8]) -> bool {
    request.starts_with(b"POST /api/v1/users/") || request.starts_with(b"DELETE /api/v1/users/")
}
