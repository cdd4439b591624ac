//! The settings of mail: the server and the sender.

use std::fmt;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::config::{Mask, Setting};

/// Port of a server that speaks TLS from the first byte.
const TLS_PORT: u16 = 465;
/// Port of a server that takes mail for others, and starts TLS on demand.
const SUBMISSION_PORT: u16 = 587;

/// A mail server, read from `SMTP_URL`.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
    /// The name that this machine gives itself.
    pub(super) own_name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS by STARTTLS; a server that does not offer it gets no mail.
    StartTls,
    Plain,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

impl SmtpServer {
    /// Reads `smtps://[user:password@]host[:465]` or `smtp://[user:password@]host[:587][?tls=none]`; a path is the name
    /// by which this machine introduces itself.
    fn read(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or("it names no host")?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls");
        let security = match (url.scheme(), tls.as_ref().map(|(_, value)| &**value)) {
            ("smtps", None) => Security::Tls,
            ("smtp", None | Some("required")) => Security::StartTls,
            ("smtp", Some("none")) => Security::Plain,
            ("smtp" | "smtps", _) => return Err("tls is required or none, and only for smtp://"),
            _ => return Err("it begins with neither smtp:// nor smtps://"),
        };
        let decoded = |part: &str| {
            percent_decode_str(part)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| "user or password is not UTF-8")
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some(Login {
                user: decoded(user)?,
                password: decoded(password)?,
            }),
            _ => return Err("it has a user or a password but not both"),
        };
        if security == Security::Plain && login.is_some() && !is_this_machine(host) {
            return Err("tls=none would send the password over the network for all to read");
        }
        let own_name = Some(url.path().trim_matches('/')).filter(|name| !name.is_empty());
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(match security {
                Security::Tls => TLS_PORT,
                Security::StartTls | Security::Plain => SUBMISSION_PORT,
            }),
            security,
            login,
            own_name: own_name.map(str::to_owned),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

impl Setting for SmtpServer {
    const KIND: &'static str = "secret URL";
    const MASK: Mask = Mask::Everything;
    fn parse(text: &str) -> Result<Self, String> {
        // What is wrong, without the text: it may hold a password.
        Self::read(text).map_err(|wrong| {
            format!("must be a URL such as smtps://user:password@mail.example.org:465: {wrong}")
        })
    }
}

/// Whom mails are from, read from `MAIL_FROM`: an address, or a name with one in angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(pub(super) Mailbox);

impl Setting for Sender {
    const KIND: &'static str = "e-mail address";
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("must be an address such as SelfLink <noreply@example.org>; got {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SmtpServer {
        SmtpServer::parse(text).expect("is valid")
    }

    #[test]
    fn schemes_choose_ports_and_security() {
        for (text, port, security) in [
            ("smtps://mail.example.org", 465, Security::Tls),
            ("smtps://mail.example.org:10465", 10465, Security::Tls),
            ("smtp://mail.example.org", 587, Security::StartTls),
            ("smtp://mail.example.org:25", 25, Security::StartTls),
            ("smtp://mail.example.org?tls=required", 587, Security::StartTls),
            ("smtp://mailpit:1025?tls=none", 1025, Security::Plain),
        ] {
            let server = read(text);
            assert_eq!((server.port, server.security), (port, security), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_decoded() {
        let server = read("smtps://ann%40example.org:p%2Fw%3A1@mail.example.org/api.example.org");
        let login = server.login.expect("has a login");
        assert_eq!((&*login.user, &*login.password), ("ann@example.org", "p/w:1"));
        assert_eq!(server.own_name.as_deref(), Some("api.example.org"));
        assert_eq!(read("smtp://[::1]:25").host, "::1");
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_it() {
        for text in [
            "s3cret",
            "http://u:s3cret@mail.example.org",
            "smtps://u:s3cret@mail.example.org?tls=none",
            "smtp://u:s3cret@mail.example.org?tls=opportunistic",
            "smtp://u:s3cret@mail.example.org?tls=none",
            "smtp://:s3cret@mail.example.org",
            "smtp://s3cret@mail.example.org",
            "smtp:s3cret",
        ] {
            let error = SmtpServer::parse(text).expect_err(text);
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(SmtpServer::parse("smtp://u:s3cret@127.0.0.1:25?tls=none").is_ok());
    }

    #[test]
    fn senders() {
        for text in ["noreply@selflink.app", "SelfLink <noreply@selflink.app>"] {
            assert_eq!(
                Sender::parse(text).expect("is valid").0.email.to_string(),
                "noreply@selflink.app"
            );
        }
        for text in ["", "selflink", "a@b@c", "x@example.org\nBcc: y@example.org"] {
            assert!(Sender::parse(text).is_err(), "{text:?}");
        }
    }
}
