//! Personal maps with their avatars, and matching profiles.

mod avatars;
mod files;
mod map;
mod matching;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use platform::testing::Answer;
use serde_json::{Value, json};

use crate::support::TestUser;

const MAP: &str = "me/profile/";
const EDGE: &str = "----edge";

/// A map that is complete.
fn full() -> Value {
    json!({
        "first_name": "Ann", "last_name": "Bee", "birth_date": "1990-02-03", "birth_time": "04:05",
        "birth_place_country": "GE", "birth_place_city": "Tbilisi",
    })
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image: DynamicImage = RgbImage::from_pixel(width, height, Rgb([200, 30, 60])).into();
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("is encoded");
    bytes.into_inner()
}

fn png() -> Vec<u8> {
    picture(3, 3, ImageFormat::Png)
}

/// A part of a multipart body; a file if it has a file name.
fn part(name: &str, file_name: Option<&str>, content: &[u8]) -> Vec<u8> {
    let file = file_name.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
    let head = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

async fn send_parts(user: &TestUser, method: &str, parts: &[Vec<u8>]) -> Answer {
    let body = [parts.concat(), format!("--{EDGE}--\r\n").into_bytes()].concat();
    let kind = format!("multipart/form-data; boundary={EDGE}");
    user.client.send(method, MAP, &kind, body).await
}

/// Uploads an avatar.
async fn upload(user: &TestUser, file_name: &str, content: &[u8]) -> Answer {
    send_parts(user, "PATCH", &[part("avatar_image", Some(file_name), content)]).await
}

/// The key in the storage of an avatar's URL.
fn key(url: &Value) -> String {
    let url = url.as_str().expect("is a URL");
    let at = url.find("avatars/").expect("is an avatar's");
    url[at..].to_owned()
}

/// Gives a user an avatar and returns its key in the storage.
pub async fn avatar_of(user: &TestUser) -> String {
    key(&upload(user, "me.png", &png()).await.expect(200)["avatar_image"])
}
