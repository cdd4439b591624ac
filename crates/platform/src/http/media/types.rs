//! What files are served as: pictures, videos and sounds by their extension; everything else can only be saved.

/// For whatever else there is.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Nothing among these runs in a browser.
const SAFE: [(&str, &str); 18] = [
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
];

/// The type of a file of this name; `None` if it is not to be shown.
pub(super) fn of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    SAFE.iter()
        .find(|(safe, _)| extension.eq_ignore_ascii_case(safe))
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_nothing_is_shown() {
        assert_eq!(of("a/b.c.PNG"), Some("image/png"));
        for name in [
            "a.svg", "a.html", "a.xml", "a.pdf", "a.js", "png", "a.png/b", "a.",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
