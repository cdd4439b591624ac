use super::*;
use crate::{
    config::Environment,
    testing::{Mood, SmtpFake},
};

const ANN: &str = "ann@example.com";

fn mailer(settings: &[(&str, &str)]) -> Mailer {
    crate::tls::use_ring();
    let environment = settings
        .iter()
        .fold(Environment::default(), |environment, (name, value)| {
            environment.with(name, *value)
        });
    Mailer::new(&Config::read(&environment).expect("is valid"), Clock::system()).expect("is made")
}

fn mail(subject: &str) -> Mail {
    Mail {
        to: ANN.to_owned(),
        subject: subject.to_owned(),
        text: "Grüße an Ann.\n\nhttps://app.example/\n\n.\nThe end".to_owned(),
        unsubscribe: None,
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = SmtpFake::start().await;
    let url = server.url_with_login("selflink", "p%2Fw");
    let mailer = mailer(&[
        ("SMTP_URL", &url),
        ("MAIL_FROM", "SelfLink <hi@selflink.example>"),
    ]);
    mailer.send(mail("Grüße 👋")).await.expect("is sent");
    let received = server.mails().pop().expect("has arrived");
    assert_eq!(received.from, "hi@selflink.example");
    assert_eq!(received.to, [ANN]);
    assert_eq!(received.login, Some(("selflink".to_owned(), "p/w".to_owned())));
    assert_eq!(received.subject, "Grüße 👋");
    assert_eq!(received.text.replace("\r\n", "\n").trim_end(), mail("").text);
    assert!(
        received.html.contains("<a href=\"https://app.example/\">"),
        "{}",
        received.html
    );
    assert!(received.raw.is_ascii());
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = SmtpFake::start().await;
    let mailer = mailer(&[("SMTP_URL", &server.url())]);
    for subject in ["one", "two", "three"] {
        mailer.send(mail(subject)).await.expect("is sent");
    }
    assert_eq!((server.mails().len(), server.connections()), (3, 1));
}

#[tokio::test]
async fn refusals_do_not_name_the_recipient_and_leave_the_next_mail_alone() {
    let server = SmtpFake::start().await;
    let mailer = mailer(&[("SMTP_URL", &server.url())]);
    mailer.send(mail("one")).await.expect("is sent");
    for code in [450, 550] {
        server.be(Mood::Refusing(code));
        let error = mailer.send(mail("two")).await.expect_err("is refused");
        assert!(
            matches!(error, MailError::Refused(refused) if refused == code),
            "{error}"
        );
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("ann"), "{shown}");
    }
    server.be(Mood::Obliging);
    mailer.send(mail("three")).await.expect("is sent");
    let subjects: Vec<String> = server.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["one", "three"]);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_its_late_answers_are_not_heard() {
    let server = SmtpFake::start().await;
    let mailer = mailer(&[("SMTP_URL", &server.url()), ("SMTP_TIMEOUT_SECONDS", "1")]);
    mailer.send(mail("one")).await.expect("is sent");
    server.be(Mood::Silent);
    let error = mailer.send(mail("two")).await.expect_err("takes too long");
    assert!(matches!(error, MailError::TimedOut(1)), "{error}");
    server.be(Mood::Obliging);
    mailer.send(mail("three")).await.expect("is sent");
    let subjects: Vec<String> = server.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["one", "three"]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_a_failure() {
    let server = SmtpFake::start().await;
    let mailer = mailer(&[("SMTP_URL", &server.url())]);
    server.be(Mood::Hasty);
    let error = mailer.send(mail("one")).await.expect_err("breaks off");
    assert!(matches!(error, MailError::Unreachable(_)), "{error}");
    server.be(Mood::Obliging);
    mailer.send(mail("one")).await.expect("is sent");
}

#[tokio::test]
async fn nothing_is_sent_without_the_tls_that_was_asked_for() {
    let server = SmtpFake::start().await;
    let url = server.url().replace("?tls=none", "");
    let error = mailer(&[("SMTP_URL", &url)])
        .send(mail("one"))
        .await
        .expect_err("offers no TLS");
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    let url = url.replace("smtp://", "smtps://");
    mailer(&[("SMTP_URL", &url), ("SMTP_TIMEOUT_SECONDS", "2")])
        .send(mail("one"))
        .await
        .expect_err("speaks no TLS");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal() {
    let server = SmtpFake::start().await;
    let url = server.url_with_login("selflink", "wrong");
    let error = mailer(&[("SMTP_URL", &url)])
        .send(mail("one"))
        .await
        .expect_err("is refused");
    assert!(matches!(error, MailError::Refused(535)), "{error}");
}

#[tokio::test]
async fn without_a_server_development_logs_and_production_refuses() {
    mailer(&[]).send(mail("one")).await.expect("is logged");
    let production = mailer(&[
        ("ENVIRONMENT", "production"),
        ("SECRET_KEY", "0123456789-0123456789-0123456789"),
        ("ALLOWED_HOSTS", "api.example.org"),
        ("DATABASE_URL", "postgres://u@db.internal/x"),
    ]);
    let error = production.send(mail("one")).await.expect_err("is refused");
    assert!(error.to_string().contains("SMTP_URL"), "{error}");
}
