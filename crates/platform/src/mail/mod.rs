//! Sending e-mail, by SMTP.
//!
//! Mail is sent by background jobs, never in a request or a transaction: a server may take its time. Without `SMTP_URL` a
//! development instance writes mails into its log, and production refuses to send them.

mod connections;
mod message;
mod server;
#[cfg(all(test, feature = "testing"))]
mod tests;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;

use self::connections::Connections;
pub use self::server::{Sender, SmtpServer};
use crate::{clock::Clock, config::Config};

/// A mail to one recipient.
#[derive(Clone)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// One line; control characters become spaces.
    pub subject: String,
    /// Plain text: paragraphs between blank lines. The same is sent as simple HTML, in which an `http` or `https` address
    /// that is a line of its own becomes a link.
    pub text: String,
    /// Where a single POST ends mails of this kind (RFC 8058), for mails that nobody has asked for one by one.
    pub unsubscribe: Option<String>,
}

/// Why a mail was not sent. Says nothing of the recipient.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// In production, without a server.
    #[error("no mail server is configured: set SMTP_URL")]
    NotConfigured,
    /// The recipient is no address that mail can be sent to.
    #[error("the recipient has no usable address")]
    InvalidRecipient,
    /// The server answered with this code: from 400 on perhaps later, from 500 on never.
    #[error("the mail server refused with code {0}")]
    Refused(u16),
    /// No connection, or one that broke off.
    #[error("the mail server cannot be spoken to: {0}")]
    Unreachable(String),
    /// The server took too long.
    #[error("the mail server did not take the mail within {0} s")]
    TimedOut(u64),
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    sender: Sender,
    clock: Clock,
    way: Way,
}

enum Way {
    Smtp {
        connections: Connections,
        timeout: Duration,
    },
    Log,
    Nowhere,
}

impl Mailer {
    /// As configured. Connections are opened when mails are sent.
    ///
    /// # Errors
    /// When the certificates that this machine trusts cannot be read.
    pub fn new(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let settings = &config.mail;
        let way = match &settings.smtp {
            Some(server) => Way::Smtp {
                connections: Connections::to(server).context("SMTP_URL")?,
                timeout: Duration::from_secs(settings.timeout_seconds),
            },
            None if config.is_production() => Way::Nowhere,
            None => Way::Log,
        };
        Ok(Self(Arc::new(Inner {
            sender: settings.from.clone(),
            clock,
            way,
        })))
    }

    /// Sends a mail, or says why it could not be. A mail whose sending failed may have arrived all the same, if the
    /// connection broke off between the server's taking it and its saying so.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let (outcome, result) = match self.hand_over(mail).await {
            Ok(outcome) => (outcome, Ok(())),
            Err(error) => (error.outcome(), Err(error)),
        };
        metrics::counter!("selflink_mails_total", "outcome" => outcome).increment(1);
        result
    }

    async fn hand_over(&self, mail: Mail) -> Result<&'static str, MailError> {
        let Inner { sender, clock, way } = &*self.0;
        match way {
            Way::Nowhere => Err(MailError::NotConfigured),
            Way::Log => {
                tracing::info!("mail to {}: {}\n{}", mail.to, mail.subject, mail.text);
                Ok("logged")
            }
            Way::Smtp { connections, timeout } => {
                let message = message::compose(sender, mail, clock.now())?;
                tokio::time::timeout(*timeout, connections.send(&message))
                    .await
                    .unwrap_or(Err(MailError::TimedOut(timeout.as_secs())))?;
                Ok("sent")
            }
        }
    }
}

impl MailError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::InvalidRecipient => "invalid_recipient",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timed_out",
        }
    }
}
