use std::collections::HashSet;
use std::net::SocketAddr;

use axum::http::StatusCode;
use futures::TryStreamExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

const SECRET: &str = "the-secret-access-key";

fn local() -> (TempDir, Storage) {
    let folder = TempDir::new().unwrap();
    let storage = Storage::local(folder.path().join("media"), "/media/").unwrap();
    (folder, storage)
}

/// An S3 service that checks signatures, with a bucket named `files`.
async fn s3_server() -> (TempDir, SocketAddr) {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
    service.set_auth(SimpleAuth::from_single("the-key-id", SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(connection), service).await;
            });
        }
    });
    (folder, address)
}

fn s3_options(address: SocketAddr) -> S3Options {
    S3Options {
        endpoint: format!("http://{address}/"),
        access_key_id: "the-key-id".to_owned(),
        secret_access_key: SECRET.to_owned(),
        bucket: "files".to_owned(),
        region: "us-east-1".to_owned(),
        querystring_auth: true,
    }
}

async fn read_all(storage: &Storage, key: &str, range: Option<Range<u64>>) -> Vec<u8> {
    let pieces: Vec<Bytes> = storage
        .read_stream(key, range)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    pieces.concat()
}

/// What every kind of storage must do.
async fn keeps_files(storage: &Storage) {
    storage.check().await.unwrap();
    let key = "photos/2024/über cat+1.png";
    assert!(!storage.exists(key).await.unwrap());
    assert!(matches!(storage.get(key).await, Err(StorageError::NotFound(_))));
    assert!(matches!(storage.stat(key).await, Err(StorageError::NotFound(_))));
    assert!(matches!(
        storage.read_stream(key, None).await,
        Err(StorageError::NotFound(_))
    ));
    storage.delete(key).await.unwrap();

    storage
        .put(key, Bytes::from_static(b"first"), "image/png")
        .await
        .unwrap();
    storage
        .put(key, Bytes::from_static(b"second!"), "image/png")
        .await
        .unwrap();
    assert_eq!(storage.get(key).await.unwrap(), "second!");
    assert_eq!(read_all(storage, key, None).await, b"second!");
    assert_eq!(read_all(storage, key, Some(2..5)).await, b"con");
    let info = FileInfo {
        size: 7,
        content_type: Some("image/png".to_owned()),
    };
    assert_eq!(storage.stat(key).await.unwrap(), info);
    assert!(storage.exists(key).await.unwrap());
    storage.delete(key).await.unwrap();
    assert!(!storage.exists(key).await.unwrap());

    storage
        .put("empty.txt", Bytes::new(), "text/plain")
        .await
        .unwrap();
    assert_eq!(storage.get("empty.txt").await.unwrap(), "");
    assert_eq!(read_all(storage, "empty.txt", None).await, b"");
    let large = Bytes::from(
        (0..3_000_000_u32)
            .map(|number| number.to_le_bytes()[0])
            .collect::<Vec<_>>(),
    );
    storage
        .put("large.bin", large.clone(), "application/octet-stream")
        .await
        .unwrap();
    assert_eq!(read_all(storage, "large.bin", None).await, large);

    for key in ["", "/etc/passwd", "../secret", "a/../../b", ".incoming/x"] {
        assert!(matches!(storage.get(key).await, Err(StorageError::InvalidKey(_))));
        let put = storage.put(key, Bytes::new(), "text/plain").await;
        assert!(matches!(put, Err(StorageError::InvalidKey(_))));
    }
}

/// Pieces of which the last is an error, if `breaks` says so.
fn pieces(count: u8, breaks: bool) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static {
    let whole = (0..count).map(|number| Ok(Bytes::from(vec![number; 1_000_000])));
    let end = breaks.then(|| Err(io::ErrorKind::ConnectionReset.into()));
    stream::iter(whole.chain(end))
}

/// What comes piece by piece is stored whole or not at all.
async fn keeps_streams(storage: &Storage) {
    let key = "streams/a.bin";
    let broken = storage.put_stream(key, pieces(3, true), "video/mp4").await;
    assert!(matches!(broken, Err(StorageError::Source(_))), "{broken:?}");
    assert!(!storage.exists(key).await.unwrap());
    // More than goes to a bucket at a time, a whole part, and nothing.
    for count in [20, 8, 1, 0] {
        let length = storage
            .put_stream(key, pieces(count, false), "video/mp4")
            .await
            .unwrap();
        assert_eq!(length, u64::from(count) * 1_000_000);
        let stored = storage.get(key).await.unwrap();
        assert_eq!(stored.len() as u64, length);
        assert_eq!(stored.last().copied(), count.checked_sub(1));
    }
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"from a file").unwrap();
    assert_eq!(storage.put_file(key, file, "video/mp4").await.unwrap(), 11);
    assert_eq!(storage.get(key).await.unwrap(), "from a file");
    // What was there stays when what should take its place breaks off.
    storage
        .put_stream(key, pieces(9, true), "video/mp4")
        .await
        .unwrap_err();
    assert_eq!(storage.get(key).await.unwrap(), "from a file");
    let bad = storage.put_stream("../a", pieces(1, false), "video/mp4").await;
    assert!(matches!(bad, Err(StorageError::InvalidKey(_))));
}

/// A caller that goes away while a file is written.
async fn gives_up_with_its_caller(storage: &Storage) {
    let key = "streams/b.bin";
    let endless = pieces(3, false).chain(stream::pending());
    let waiting = storage.put_stream(key, endless, "video/mp4");
    tokio::time::timeout(Duration::from_millis(200), waiting)
        .await
        .unwrap_err();
    assert!(!storage.exists(key).await.unwrap());
}

async fn never_overwrites_with_put_new(storage: &Storage) {
    let put = |content: &'static str| storage.put_new("a/cat.png", content.into(), "image/png");
    assert_eq!(put("one").await.unwrap(), "a/cat.png");
    let second = put("two").await.unwrap();
    assert!(
        second.starts_with("a/cat_") && second.len() == "a/cat_12345678.png".len(),
        "{second}"
    );
    assert_eq!(storage.get("a/cat.png").await.unwrap(), "one");
    assert_eq!(storage.get(&second).await.unwrap(), "two");
}

#[tokio::test]
async fn a_local_folder() {
    let (folder, storage) = local();
    keeps_files(&storage).await;
    never_overwrites_with_put_new(&storage).await;
    keeps_streams(&storage).await;
    gives_up_with_its_caller(&storage).await;
    for no_file in ["photos", "photos/2024", "empty.txt/x"] {
        assert!(!storage.exists(no_file).await.unwrap());
        assert!(matches!(
            storage.get(no_file).await,
            Err(StorageError::NotFound(_))
        ));
        assert!(matches!(
            storage.read_stream(no_file, None).await,
            Err(StorageError::NotFound(_))
        ));
        storage.delete(no_file).await.unwrap();
    }
    let incoming = folder.path().join("media/.incoming");
    let left = || std::fs::read_dir(&incoming).unwrap().count();
    // The writer of a caller that went away takes back what it has begun in its own time.
    while left() > 0 {
        tokio::task::yield_now().await;
    }
    std::fs::write(incoming.join("half"), "of a killed writer").unwrap();
    assert_eq!(storage.sweep(Duration::from_hours(1)).await.unwrap(), 0);
    assert_eq!(storage.sweep(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(left(), 0);
    assert_eq!(storage.url("a b/ü.png").await, "/media/a%20b/%C3%BC.png");
    let upload = storage
        .presign_upload("a.png", "image/png", Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(upload, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_uploads_of_one_name_are_all_kept() {
    let (_folder, storage) = local();
    let mut uploads = JoinSet::new();
    for number in 0..50 {
        let storage = storage.clone();
        uploads.spawn(async move {
            let content = Bytes::from(format!("content {number}"));
            let key = storage
                .put_new("cat.png", content.clone(), "image/png")
                .await
                .unwrap();
            assert_eq!(storage.get(&key).await.unwrap(), content);
            key
        });
    }
    let keys: HashSet<String> = uploads.join_all().await.into_iter().collect();
    assert_eq!(keys.len(), 50);
}

#[tokio::test]
async fn a_folder_that_is_gone_fails_the_check() {
    let (folder, storage) = local();
    folder.close().unwrap();
    storage.check().await.unwrap_err();
}

#[tokio::test]
async fn an_s3_bucket() {
    let (_folder, address) = s3_server().await;
    let storage = Storage::s3(&s3_options(address)).unwrap();
    keeps_files(&storage).await;
    never_overwrites_with_put_new(&storage).await;
    keeps_streams(&storage).await;
    gives_up_with_its_caller(&storage).await;
    assert_eq!(storage.sweep(Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test]
async fn s3_urls() {
    let (_folder, address) = s3_server().await;
    let mut options = s3_options(address);
    let storage = Storage::s3(&options).unwrap();
    let key = "photos/über cat+1.txt";
    let plain = format!("http://{address}/files/photos/%C3%BCber%20cat%2B1.txt");
    assert_eq!(storage.plain_url(key), plain);

    let client = reqwest::Client::new();
    let upload = storage
        .presign_upload(key, "text/plain", Duration::from_mins(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(upload.method, "PUT");
    assert_eq!(
        upload.headers.get("content-type").map(String::as_str),
        Some("text/plain")
    );
    assert!(!format!("{upload:?}").contains(SECRET));
    let send = |url: &str, content_type: &str| {
        client
            .put(url)
            .header("content-type", content_type)
            .body("uploaded")
            .send()
    };
    assert_eq!(send(&upload.url, "text/html").await.unwrap().status(), 403);
    assert_eq!(send(&plain, "text/plain").await.unwrap().status(), 403);
    assert_eq!(send(&upload.url, "text/plain").await.unwrap().status(), 200);
    assert_eq!(storage.get(key).await.unwrap(), "uploaded");

    let signed = storage.url(key).await;
    assert!(
        signed.starts_with(&plain) && signed.contains("X-Amz-Expires=3600"),
        "{signed}"
    );
    let fetched = client.get(&signed).send().await.unwrap();
    assert_eq!(fetched.status(), 200);
    assert_eq!(fetched.text().await.unwrap(), "uploaded");
    let forged = signed.replace("cat", "dog");
    assert_eq!(client.get(forged).send().await.unwrap().status(), 403);

    options.querystring_auth = false;
    assert_eq!(Storage::s3(&options).unwrap().url(key).await, plain);
}

/// Answers as S3 does for a bucket that does not exist; the test server answers as for a missing file.
async fn server_without_the_bucket() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let no_bucket = async || {
        let body = "<Error><Code>NoSuchBucket</Code><Message>No such bucket</Message></Error>";
        (StatusCode::NOT_FOUND, body)
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(no_bucket)).await });
    endpoint
}

#[tokio::test]
async fn the_check_notices_a_bucket_that_cannot_be_used() {
    let (_folder, address) = s3_server().await;
    let good = s3_options(address);
    let bad_secret = S3Options {
        secret_access_key: "wrong".to_owned(),
        ..good.clone()
    };
    let no_bucket = S3Options {
        endpoint: server_without_the_bucket().await,
        ..good.clone()
    };
    let bad_endpoint = S3Options {
        endpoint: "http://127.0.0.1:1".to_owned(),
        ..good.clone()
    };
    for options in [bad_secret, no_bucket, bad_endpoint] {
        let storage = Storage::s3(&options).unwrap();
        let error = storage.check().await.unwrap_err();
        assert!(!format!("{error:?} {error} {storage:?} {options:?}").contains(SECRET));
    }
    for endpoint in ["", "minio:9000", "ftp://host", "http://user:pass@host"] {
        let options = S3Options {
            endpoint: endpoint.to_owned(),
            ..good.clone()
        };
        let error = Storage::s3(&options).unwrap_err().to_string();
        assert!(error.contains("endpoint") && !error.contains("pass@"), "{error}");
    }
}

#[tokio::test]
async fn the_description_has_no_secrets() {
    let storage = Storage::s3(&s3_options(SocketAddr::from(([127, 0, 0, 1], 9000)))).unwrap();
    let description = storage.description().join("\n");
    assert!(description.contains("http://127.0.0.1:9000") && description.contains("bucket: files"));
    assert!(!description.contains(SECRET) && !description.contains("the-key-id"));
}
