//! Connections to the mail server, kept for the next mail.
//!
//! lettre's own pool keeps a connection whose sending was given up in the middle; the next mail would then read the answers
//! to the one before. Here a connection comes back only after the server has taken a mail.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use parking_lot::Mutex;

use super::{
    MailError, SmtpServer,
    server::{Login, Security},
};

/// Connections that are kept at most.
const MOST_KEPT: usize = 4;
/// How long a connection is kept: less than servers wait for the next command.
const KEPT_FOR: Duration = Duration::from_secs(20);

pub(super) struct Connections {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    login: Option<Credentials>,
    own_name: ClientId,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Connections {
    pub(super) fn to(server: &SmtpServer) -> anyhow::Result<Self> {
        let tls = match server.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(TlsParameters::new(server.host.clone())?),
        };
        let login = server.login.clone();
        Ok(Self {
            host: server.host.clone(),
            port: server.port,
            security: server.security,
            tls,
            login: login.map(|Login { user, password }| Credentials::new(user, password)),
            own_name: server
                .own_name
                .clone()
                .map_or_else(ClientId::default, ClientId::Domain),
            kept: Mutex::default(),
        })
    }

    /// Sends a message. Whatever goes wrong, and also when the future is dropped, the connection is closed.
    pub(super) async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mut connection = match self.take().await {
            Some(connection) => connection,
            None => self.open().await.map_err(|error| failure(&error))?,
        };
        connection
            .send(message.envelope(), &message.formatted())
            .await
            .map_err(|error| failure(&error))?;
        self.keep(connection);
        Ok(())
    }

    /// A kept connection that still works.
    async fn take(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let Kept {
                mut connection,
                since,
            } = self.kept.lock().pop()?;
            if since.elapsed() < KEPT_FOR && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock();
        kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
        if kept.len() < MOST_KEPT {
            kept.push(Kept {
                connection,
                since: Instant::now(),
            });
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, Error> {
        let at_once = self.tls.clone().filter(|_| self.security == Security::Tls);
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, None, &self.own_name, at_once, None).await?;
        if self.security == Security::StartTls
            && let Some(tls) = &self.tls
        {
            connection.starttls(tls.clone(), &self.own_name).await?;
        }
        if let Some(login) = &self.login {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], login)
                .await?;
        }
        Ok(connection)
    }
}

/// Leaves out what the server said, which often repeats the address.
fn failure(error: &Error) -> MailError {
    if let Some(code) = error.status() {
        return MailError::Refused(code.into());
    }
    let kind = if error.is_tls() {
        "no TLS could be agreed on"
    } else if error.is_client() {
        "it does not offer what is needed (STARTTLS, a way to sign in, or this kind of address)"
    } else if error.is_response() {
        "it broke off, or does not speak SMTP"
    } else {
        "the connection failed"
    };
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>());
    MailError::Unreachable(io.map_or_else(|| kind.to_owned(), |io| format!("{kind} ({})", io.kind())))
}
