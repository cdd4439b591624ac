//! Files: records of media, uploads, what is stored of them, and how it is served.

mod bucket;
mod flow;
mod leaving;
mod records;
mod refused;
mod renditions;
mod serving;
mod slow;
mod stored;
mod uploads;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use platform::{
    http::{Content, Upload},
    testing::{Answer, TestApp},
};
use serde_json::{Value, json};

use crate::support::{TestUser, eventually, value};

const MEDIA: &str = "media/";
const EDGE: &str = "----edge";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image: DynamicImage = RgbImage::from_pixel(width, height, Rgb([20, 130, 60])).into();
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("is encoded");
    bytes.into_inner()
}

fn png() -> Vec<u8> {
    picture(5, 4, ImageFormat::Png)
}

fn boxed(name: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).expect("is short");
    [&length.to_be_bytes(), name, body].concat()
}

/// A video of 2.5 seconds that says where it was made, and some bytes of frames.
fn clip(frames: usize) -> Vec<u8> {
    let mut header = vec![0; 100];
    header[14..16].copy_from_slice(&1000_u16.to_be_bytes());
    header[18..20].copy_from_slice(&2500_u16.to_be_bytes());
    let movie = [boxed(b"mvhd", &header), boxed(b"udta", b"+41.7151+044.8271/")];
    [
        boxed(b"ftyp", b"isom\0\0\x02\0isommp41"),
        boxed(b"moov", &movie.concat()),
        boxed(b"mdat", &vec![7; frames]),
    ]
    .concat()
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part == text)
}

/// Sends a form with a file, and further texts.
async fn send_file(
    user: &TestUser,
    file_name: &str,
    kind: &str,
    content: &[u8],
    texts: &[(&str, &str)],
) -> Answer {
    let mut body = Vec::new();
    for (name, text) in texts {
        let part = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{EDGE}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={EDGE}");
    user.client.send("POST", MEDIA, &kind, body).await
}

/// Opens an upload.
async fn open(user: &TestUser, file_name: &str, mime: &str, size: usize) -> Answer {
    let body = json!({ "file_name": file_name, "mime": mime, "size": size });
    user.client.post("media/uploads/", &body).await
}

/// Sends the file of an open upload as its answer says.
async fn send(opened: &Value, content: Vec<u8>) -> u16 {
    platform::tls::use_ring();
    let text = |value: &Value| value.as_str().expect("is a text").to_owned();
    let method = text(&opened["method"]).parse().expect("is a method");
    let mut request = reqwest::Client::new().request(method, text(&opened["url"]));
    for (name, value) in opened["headers"].as_object().expect("are headers") {
        if name != "host" {
            request = request.header(name, text(value));
        }
    }
    let answer = request.body(content).send().await.expect("is answered");
    answer.status().as_u16()
}

async fn complete(user: &TestUser, id: &Value) -> Answer {
    let path = format!("media/uploads/{id}/complete/");
    user.client.call("POST", &path).await
}

/// What there is at a URL.
async fn fetched(url: &Value) -> (u16, Vec<u8>) {
    platform::tls::use_ring();
    let url = url.as_str().expect("is a URL");
    let answer = reqwest::get(url).await.expect("is answered");
    let status = answer.status().as_u16();
    (status, answer.bytes().await.expect("is whole").to_vec())
}

async fn stored(app: &TestApp, key: &str) -> Vec<u8> {
    app.app.storage().get(key).await.expect("is stored").to_vec()
}

async fn is_stored(app: &TestApp, key: &str) -> bool {
    app.app.storage().exists(key).await.expect("can be asked")
}

async fn count(app: &TestApp, table: &str) -> i64 {
    value(app, &format!("SELECT count(*) FROM {table}")).await
}

async fn until_gone(app: &TestApp, key: &str) {
    eventually("the removal of a file", async || {
        (!is_stored(app, key).await).then_some(())
    })
    .await;
}

/// An upload as a handler gets it.
fn upload(file_name: &str, content_type: Option<&str>, content: Vec<u8>) -> Upload {
    Upload {
        file_name: file_name.to_owned(),
        content_type: content_type.map(str::to_owned),
        content: Content::Memory(content.into()),
    }
}
