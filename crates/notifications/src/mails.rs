//! The mails of this domain: their words. Nothing that a stranger could choose is in them but handles, which are letters and
//! digits: nobody can make us send their own words to somebody else.

use platform::mail::Mail;

/// Whom a mail greets, and how they get no more of its kind.
pub struct Addressee<'a> {
    pub to: &'a str,
    pub handle: &'a str,
    /// See [`crate::unsubscribing::link`].
    pub unsubscribe: &'a str,
}

impl Addressee<'_> {
    fn mail(&self, subject: &str, paragraphs: &[&str], why: &str) -> Mail {
        let Self {
            to,
            handle,
            unsubscribe,
        } = self;
        let body = paragraphs.join("\n\n");
        Mail {
            to: (*to).to_owned(),
            subject: subject.to_owned(),
            text: format!(
                "Hi @{handle},\n\n{body}\n\nSelfLink\n\n{why} To get no more of them, open\n\n{unsubscribe}"
            ),
            unsubscribe: Some((*unsubscribe).to_owned()),
        }
    }
}

/// One thing that happened.
pub fn single(to: &Addressee<'_>, what: &str) -> Mail {
    to.mail(
        &format!("{what} on SelfLink"),
        &[&format!("{what}."), "Open the app to see more."],
        "You get mails of this kind because your settings say so.",
    )
}

/// What somebody has not seen yet: each line is a kind with its number.
pub fn digest(to: &Addressee<'_>, total: i64, lines: &[String]) -> Mail {
    let subject = match total {
        1 => "One thing on SelfLink that you have not seen yet".to_owned(),
        _ => format!("{total} things on SelfLink that you have not seen yet"),
    };
    to.mail(
        &subject,
        &[
            "While you were away:",
            &lines.join("\n"),
            "Open the app to see more.",
        ],
        "You get this summary because your settings say so.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_says_how_to_get_no_more() {
        let to = Addressee {
            to: "ann@example.com",
            handle: "ann",
            unsubscribe: "https://api.example/stop/abc/",
        };
        let lines = ["2 likes".to_owned(), "1 new follower".to_owned()];
        for mail in [single(&to, "@bob mentioned you"), digest(&to, 3, &lines)] {
            assert!(
                mail.text.contains("\n\nhttps://api.example/stop/abc/"),
                "{}",
                mail.text
            );
            assert_eq!(mail.unsubscribe.as_deref(), Some("https://api.example/stop/abc/"));
        }
        assert_eq!(
            digest(&to, 3, &lines).subject,
            "3 things on SelfLink that you have not seen yet"
        );
        assert_eq!(
            single(&to, "@bob mentioned you").subject,
            "@bob mentioned you on SelfLink"
        );
    }
}
