//! Over HTTP, from a small server of files.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::fixture::{Publisher, run};

/// How many answers in a row are 503 at the beginning.
static BUSY: AtomicU32 = AtomicU32::new(2);

/// Serves a folder below `/api/v1/rewards/` and returns its address.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let folder = folder.clone();
            std::thread::spawn(move || answer(stream.unwrap(), &folder));
        }
    });
    address
}

fn answer(mut stream: TcpStream, folder: &Path) {
    let mut lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    lines.find(String::is_empty);
    let path = request
        .split(' ')
        .nth(1)
        .and_then(|path| path.strip_prefix("/api/v1/rewards/"))
        .unwrap_or("none");
    let file = if path.ends_with('/') {
        format!("{path}index.json")
    } else {
        path.to_owned()
    };
    let busy = BUSY
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        .is_ok();
    let (status, body) = match fs::read(folder.join(file)) {
        _ if busy => ("503 Service Unavailable", Vec::new()),
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&body));
}

#[test]
fn a_server_is_read_and_its_files_are_kept() {
    let publisher = Publisher::january(900);
    let address = serve(publisher.folder.path().to_owned());
    let (mirror, key) = (TempDir::new().unwrap(), publisher.key());
    let kept = mirror.path().to_str().unwrap();
    run(&["log", &address, "--key", &key, "--save", kept]).is(0, "all 903 entries");
    run(&[
        "month",
        &format!("{address}/api/v1/rewards/"),
        "2025-01",
        "--key",
        &key,
        "--save",
        kept,
    ])
    .is(0, "VERIFIED");
    run(&["log", kept, "--key", &key]).is(0, "all 903 entries");
    run(&["month", kept, "2025-01", "--key", &key]).is(0, "VERIFIED");
    run(&["diff", kept, &address, "--key", &key]).is(0, "both views are the same");
    run(&["month", &address, "2025-02"]).is(2, "periods/2025-02/ is not there");
    run(&["log", "http://127.0.0.1:1", "--key", &key]).is(2, "COULD NOT CHECK: log/checkpoint");
    run(&["log", "https://"]).is(2, "COULD NOT CHECK");
}
