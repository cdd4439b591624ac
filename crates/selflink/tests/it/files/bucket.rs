//! A bucket of an S3-compatible service on a port of this machine, and instances that keep their files in it.

use std::net::SocketAddr;

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use platform::testing::{TestApp, TestDatabase};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

const KEY_ID: &str = "the-key-id";
const SECRET: &str = "the-secret-access-key";

/// A service that checks signatures, with a bucket named `files`.
async fn service(database: &TestDatabase) -> SocketAddr {
    let folder = database.folder().join("buckets");
    std::fs::create_dir_all(folder.join("files")).expect("a folder");
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder).expect("a file system"));
    service.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("has an address");
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(connection), service).await;
            });
        }
    });
    address
}

/// An instance that keeps its files in a bucket.
pub async fn start_on_a_bucket() -> TestApp {
    let database = TestDatabase::create().await;
    let endpoint = format!("http://{}", service(&database).await);
    let settings = [
        ("STORAGE_BACKEND", "s3"),
        ("S3_ENDPOINT", endpoint.as_str()),
        ("S3_ACCESS_KEY_ID", KEY_ID),
        ("S3_SECRET_ACCESS_KEY", SECRET),
        ("S3_BUCKET", "files"),
    ];
    TestApp::on(database, selflink::instance(), &settings).await
}
