//! A stand-in for the server: answers every route of the scenarios with the same bytes each time.
//!
//! The tests run the load generator against it. Named with `--bin`, it also shows the most that the load
//! generator itself can do. It takes the server's arguments (`serve --bind ADDRESS`), and makes the tables that
//! scenarios write to or count in, on SQLite only. A copy of it whose name ends in `refusing` refuses every login; one
//! whose name ends in `miscounting` gives its only user a follower who is not there.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::str::FromStr;
use std::thread;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

const REGISTERED: &str = r#"{"token":"t","refreshToken":"r","user":{"id":7164298750001152},"message":"ok"}"#;

/// The columns that scenarios use, and the user of [`REGISTERED`].
const TABLES: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, handle, name, flags, password, search_text, created_at, updated_at,
        followers_count NOT NULL DEFAULT 0, following_count NOT NULL DEFAULT 0, posts_count NOT NULL DEFAULT 0);
    CREATE TABLE user_pii (user_id INTEGER PRIMARY KEY, email, email_key);
    CREATE TABLE user_settings (user_id INTEGER PRIMARY KEY, quiet_hours);
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
    let login_status = if program.ends_with("refusing") {
        "401 Unauthorized"
    } else {
        "200 OK"
    };
    let listener = TcpListener::bind(address).expect("the address is free");
    for stream in listener.incoming() {
        let stream = stream.expect("a connection");
        thread::spawn(move || answer_all(stream, login_status));
    }
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

/// Answers until the other side hangs up. Requests are small and come one by one: each is one read.
fn answer_all(mut stream: TcpStream, login_status: &str) {
    stream.set_nodelay(true).expect("a TCP connection");
    let mut request = [0; 4096];
    while let Ok(1..) = stream.read(&mut request) {
        let (status, body) = match &request {
            request if request.starts_with(b"GET /health ") => ("200 OK", "{\"status\":\"ok\"}"),
            request if request.starts_with(b"POST /api/v1/auth/register/ ") => ("201 Created", REGISTERED),
            request if request.starts_with(b"POST /api/v1/auth/login/ ") => (login_status, REGISTERED),
            request if request.starts_with(b"GET /api/v1/users/") => ("200 OK", "{\"results\":[]}"),
            request if request.starts_with(b"GET /api/v1/feed/") => ("200 OK", "{\"items\":[]}"),
            request if request.starts_with(b"POST /api/v1/posts/ ") => ("201 Created", "{}"),
            request if is_read_of_posts(request) => ("200 OK", "{\"results\":[]}"),
            request if is_follow(request) => ("200 OK", "{\"following\":true}"),
            _ => ("404 Not Found", "{}"),
        };
        let length = body.len();
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(response.as_bytes()).is_err() {
            break;
        }
    }
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
