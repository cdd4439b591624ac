//! A stand-in for the server: answers every route of the scenarios with the same bytes each time.
//!
//! The tests run the load generator against it. Named with `--bin`, it also shows the most that the load
//! generator itself can do. It takes the server's arguments (`serve --bind ADDRESS`). A copy of it whose name ends
//! in `refusing` refuses every login.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const REGISTERED: &str = r#"{"token":"t","refreshToken":"r","user":{"id":7164298750001152},"message":"ok"}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [program, command, option, address] = arguments.as_slice() else {
        panic!("usage: canned serve --bind ADDRESS")
    };
    assert_eq!([command, option], ["serve", "--bind"]);
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
            _ => ("404 Not Found", "{}"),
        };
        let length = body.len();
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        if stream.write_all(response.as_bytes()).is_err() {
            break;
        }
    }
}
