//! Cookies: read from a request, set in an answer. None is for scripts, and none is sent along from other sites' forms.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session's.
pub const SESSION: &str = "selflink_admin";
/// Of whoever looks at the sign-in form.
pub const SIGN_IN: &str = "selflink_admin_sign_in";

/// The value of a cookie of the request.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name && !value.is_empty()).then_some(value)
        })
}

/// A `Set-Cookie` header; `seconds` of 0 removes the cookie.
pub fn set(name: &str, value: &str, (path, seconds): (&str, u64), is_secure: bool) -> Option<HeaderValue> {
    let secure = if is_secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("xa=1; a=2; b="));
        headers.append(header::COOKIE, HeaderValue::from_static("c=3"));
        assert_eq!(read(&headers, "a"), Some("2"));
        assert_eq!(read(&headers, "c"), Some("3"));
        assert_eq!((read(&headers, "b"), read(&headers, "d")), (None, None));
    }

    #[test]
    fn cookies_are_not_for_scripts() {
        let text = |is_secure| {
            let header = set("a", "v", ("/admin/", 60), is_secure).expect("is a header");
            header.to_str().expect("is text").to_owned()
        };
        assert_eq!(
            text(false),
            "a=v; Path=/admin/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
        assert!(text(true).ends_with("; Secure"));
        assert_eq!(set("a", "v\r\nx: y", ("/", 1), false), None);
    }
}
