//! Notifications and mails to those whom a decision concerns. A job's payload names the decision alone; the token of a mail is made when it is
//! sent.

use std::time::Duration;

use futures::FutureExt as _;
use identity::Mailbox;
use notifications::{Kind, Note};
use platform::{
    App,
    jobs::{Enqueue, Job},
    mail::Mail,
    outbox::{DomainEvent, Event, Handler, Subscription},
};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    entities::{
        appeals::{self, AppealStatus},
        enforcements::{self, Action, Model},
    },
    events::{AppealDecided, Enforced, Lifted},
    settings::ModerationSettings,
};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Notice {
    Enforced,
    Lifted,
    /// The appeal of this id was decided, and the decision stays.
    Upheld(i64),
}

/// Tells somebody of a decision.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendNotice {
    enforcement_id: i64,
    notice: Notice,
}

impl Job for SendNotice {
    const NAME: &'static str = "moderation.send_notice";
    /// Over an hour and a half: mail servers are away longer than others.
    const MAX_ATTEMPTS: u32 = 16;
    const TIMEOUT: Duration = Duration::from_mins(2);

    async fn run(self, app: App) -> anyhow::Result<()> {
        let found = enforcements::Entity::find_by_id(self.enforcement_id);
        let Some(enforced) = found.one(app.db().reader()).await? else {
            return Ok(());
        };
        let Some(mailbox) = identity::mailbox(&app, enforced.user_id).await? else {
            return Ok(());
        };
        let (subject, paragraphs) = match self.notice {
            Notice::Enforced => ("About your SelfLink account", told(&app, &enforced).await?),
            Notice::Lifted => (
                "A decision about your SelfLink account was lifted",
                vec![format!(
                    "The moderators have lifted this decision: {}. You need not do anything.",
                    what(&enforced)
                )],
            ),
            Notice::Upheld(appeal) => ("Your appeal was decided", upheld(&app, &enforced, appeal).await?),
        };
        Ok(app.mail().send(mail(&mailbox, subject, &paragraphs)).await?)
    }
}

fn mail(to: &Mailbox, subject: &str, paragraphs: &[String]) -> Mail {
    Mail {
        to: to.address.clone(),
        subject: subject.to_owned(),
        text: format!("Hi @{},\n\n{}\n\nSelfLink", to.handle, paragraphs.join("\n\n")),
        unsubscribe: None,
    }
}

/// A decision in a few words.
fn what(enforced: &Model) -> String {
    let until = enforced.expires_at.map_or_else(
        || "until it is lifted".to_owned(),
        |end| format!("until {}", end.format("%Y-%m-%d %H:%M UTC")),
    );
    match enforced.action {
        Action::Warn => "a warning".to_owned(),
        Action::Suspend => format!("your account is suspended {until}: you cannot sign in"),
        Action::Ban => "your account is banned: you cannot sign in".to_owned(),
        Action::Restrict => {
            format!(
                "your account is restricted {until}: you can read, but not post, comment or send messages"
            )
        }
        Action::Remove => format!("your {} was removed", enforced.target_type.name()),
    }
}

async fn told(app: &App, enforced: &Model) -> anyhow::Result<Vec<String>> {
    let mut paragraphs = vec![
        format!("The moderators of SelfLink have decided: {}.", what(enforced)),
        format!("Their reason: {}", enforced.reason),
    ];
    if !enforced.action.shuts_out() {
        paragraphs.push("If you think that this is wrong, you can appeal in the app.".to_owned());
        return Ok(paragraphs);
    }
    let (user, id) = (enforced.user_id, enforced.id);
    let token = app
        .db()
        .write(|tx| async move { identity::create_appeal_token(&tx, user, id).await })
        .await?;
    let settings = app.settings::<ModerationSettings>();
    match settings
        .as_ref()
        .and_then(|settings| settings.appeal_url.as_ref())
    {
        Some(link) => {
            paragraphs.push("If you think that this is wrong, open this link to appeal:".to_owned());
            paragraphs.push(link.with(&token));
        }
        None => {
            paragraphs.push(format!(
                "If you think that this is wrong, paste this code into the app to appeal against decision {id}:"
            ));
            paragraphs.push(token);
        }
    }
    paragraphs.push("It works once, within thirty days.".to_owned());
    Ok(paragraphs)
}

async fn upheld(app: &App, enforced: &Model, appeal: i64) -> anyhow::Result<Vec<String>> {
    let appeal = appeals::Entity::find_by_id(appeal).one(app.db().reader()).await?;
    let mut paragraphs = vec![format!(
        "The moderators have looked at your appeal, and their decision stays: {}.",
        what(enforced)
    )];
    if let Some(note) = appeal.map(|appeal| appeal.note).filter(|note| !note.is_empty()) {
        paragraphs.push(format!("They say: {note}"));
    }
    Ok(paragraphs)
}

/// The events that people are told of.
pub fn subscriptions() -> Vec<Subscription> {
    fn to<E: DomainEvent>(handle: Handler) -> Subscription {
        Subscription {
            event: E::NAME,
            subscriber: "moderation.notices",
            handle,
        }
    }
    vec![
        to::<Enforced>(|app, event| after_enforcement(app, event).boxed()),
        to::<Lifted>(|app, event| after_lift(app, event).boxed()),
        to::<AppealDecided>(|app, event| after_appeal(app, event).boxed()),
    ]
}

async fn after_enforcement(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<Enforced>()?.enforcement_id;
    tell(&app, &event, id, Notice::Enforced).await
}

async fn after_lift(app: App, event: Event) -> anyhow::Result<()> {
    let id = event.read::<Lifted>()?.enforcement_id;
    tell(&app, &event, id, Notice::Lifted).await
}

async fn after_appeal(app: App, event: Event) -> anyhow::Result<()> {
    let decided = event.read::<AppealDecided>()?;
    if decided.status != AppealStatus::Upheld {
        // The lift has a mail of its own.
        return Ok(());
    }
    let notice = Notice::Upheld(decided.appeal_id);
    tell(&app, &event, decided.enforcement_id, notice).await
}

/// In the list of notifications at once, and by mail as soon as a server takes it.
async fn tell(app: &App, event: &Event, enforcement_id: i64, notice: Notice) -> anyhow::Result<()> {
    notify(app, event, enforcement_id, notice).await?;
    let options = Enqueue {
        // A second delivery of the event is no second mail.
        key: Some(event.id.to_string()),
        run_at: None,
    };
    let job = SendNotice {
        enforcement_id,
        notice,
    };
    app.jobs().enqueue(&job, options).await
}

async fn notify(app: &App, event: &Event, enforcement_id: i64, notice: Notice) -> anyhow::Result<()> {
    let found = enforcements::Entity::find_by_id(enforcement_id);
    let Some(enforced) = found.one(app.db().reader()).await? else {
        return Ok(());
    };
    let (decision, text) = match notice {
        Notice::Enforced => (
            "enforced",
            format!("The moderators have decided: {}.", what(&enforced)),
        ),
        Notice::Lifted => (
            "lifted",
            format!("The moderators have lifted this decision: {}.", what(&enforced)),
        ),
        Notice::Upheld(_) => (
            "upheld",
            format!(
                "The moderators have looked at your appeal, and their decision stays: {}.",
                what(&enforced)
            ),
        ),
    };
    let note = &Note {
        kind: Kind::Moderation,
        recipients: vec![enforced.user_id],
        actor_id: None,
        payload: json!({
            "enforcement_id": enforcement_id,
            "decision": decision,
            "action": enforced.action,
            "target_type": enforced.target_type,
            "target_id": enforced.target_id,
            "text": text,
        }),
        alert: None,
        key: format!("moderation:{enforcement_id}:{decision}"),
        subjects: Vec::new(),
        revision: event.id,
    };
    app.db()
        .write(|tx| async move { notifications::notify(&tx, note).await })
        .await?;
    Ok(())
}
