//! What is sent of the rows that were taken: looked at again at the last moment, because people read, mute, switch off and
//! go to bed while messages wait.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use identity::{DeliverySettings, PushDevice};
use platform::{App, db::list_of, id::UserId};
use sea_orm::{DbErr, QueryResult};
use serde_json::{Map, Value, json};

use super::{
    expo::Message,
    store::{Fate, Push},
};
use crate::{
    counters,
    kinds::Kind,
    notes::Alert,
    quiet_hours::{Quiet, QuietHours},
    statements::{list, rows},
    words,
};

/// A message, and the rows that it stands for.
pub struct Parcel {
    pub pushes: Vec<Push>,
    pub message: Message,
}

/// What is to be done with rows that were taken.
#[derive(Default)]
pub struct Sorted {
    pub parcels: Vec<Parcel>,
    /// Those that are not sent now.
    pub kept_back: Vec<(Push, Fate)>,
}

/// What a message is made from.
struct Content {
    kind: String,
    payload: Value,
    alert: Option<Alert>,
    actor: Option<UserId>,
    is_read: bool,
    state: String,
}

impl Content {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let alert: Option<Value> = row.try_get_by_index(3)?;
        Ok(Self {
            kind: row.try_get_by_index(1)?,
            payload: row.try_get_by_index(2)?,
            alert: alert.and_then(|alert| serde_json::from_value(alert).ok()),
            actor: row.try_get_by_index(4)?,
            is_read: row.try_get_by_index(5)?,
            state: row.try_get_by_index(6)?,
        })
    }
}

/// Everything that the decision needs, in a fixed number of queries.
struct Facts {
    contents: HashMap<i64, Content>,
    devices: HashMap<i64, PushDevice>,
    settings: HashMap<UserId, DeliverySettings>,
    unread: BTreeMap<UserId, i64>,
    /// Owners and the actors that they have muted or blocked, or that have blocked them.
    apart: Vec<(UserId, UserId)>,
    now: DateTime<Utc>,
    zone: Tz,
}

impl Facts {
    async fn gather(app: &App, pushes: &[Push]) -> Result<Self, DbErr> {
        let on = app.db().reader();
        let notifications: Vec<i64> = pushes.iter().map(|push| push.notification_id).collect();
        let devices: Vec<i64> = pushes.iter().map(|push| push.device_id).collect();
        let mut owners: Vec<UserId> = pushes.iter().map(|push| push.user_id).collect();
        owners.sort_unstable();
        owners.dedup();
        let text = format!(
            "SELECT id, type, payload, alert, actor_id, is_read, state FROM notifications WHERE id IN {}",
            list(on, "$1")
        );
        let found = rows(on, text, vec![list_of(&notifications)]).await?;
        let contents: HashMap<i64, Content> = found
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, Content::read(row)?)))
            .collect::<Result<_, DbErr>>()?;
        let devices = identity::devices_called(on, &devices).await?;
        let mut facts = Self {
            contents,
            devices: devices.into_iter().map(|device| (device.id, device)).collect(),
            settings: identity::delivery_settings(on, &owners).await?,
            unread: counters::unread(on, &owners).await?,
            apart: Vec::new(),
            now: app.clock().now(),
            zone: app.config().runtime.time_zone.0,
        };
        facts.apart = facts.ties(app, pushes).await?;
        Ok(facts)
    }

    /// Of messages that have waited: somebody may have been muted or blocked meanwhile. A query for each actor.
    async fn ties(&self, app: &App, pushes: &[Push]) -> Result<Vec<(UserId, UserId)>, DbErr> {
        let mut waited: BTreeMap<UserId, Vec<UserId>> = BTreeMap::new();
        for push in pushes.iter().filter(|push| push.is_deferred || push.attempts > 1) {
            if let Some(actor) = self
                .contents
                .get(&push.notification_id)
                .and_then(|content| content.actor)
            {
                waited.entry(actor).or_default().push(push.user_id);
            }
        }
        let mut apart = Vec::new();
        for (actor, owners) in waited {
            let reached = identity::reached_by(app.db().reader(), actor, &owners).await?;
            let lost = owners
                .into_iter()
                .filter(|owner| reached.get(owner) != Some(&false));
            apart.extend(lost.map(|owner| (owner, actor)));
        }
        Ok(apart)
    }

    /// Why a row is not sent now; `None`: it is.
    fn kept_back(&self, push: &Push) -> Option<Fate> {
        let dropped = |reason| Some(Fate::Dropped { reason });
        let Some(content) = self.contents.get(&push.notification_id) else {
            return dropped("the notification is gone");
        };
        let device = self.devices.get(&push.device_id);
        if device.is_none_or(|device| device.user_id != push.user_id) {
            return dropped("the device is gone");
        }
        if content.state == "withdrawn" || content.is_read {
            return dropped("it was read or withdrawn");
        }
        let settings = self.settings.get(&push.user_id);
        let Some(settings) = settings.filter(|settings| settings.is_active && settings.push_enabled) else {
            return dropped("push messages are switched off");
        };
        if content
            .actor
            .is_some_and(|actor| self.apart.contains(&(push.user_id, actor)))
        {
            return dropped("the actor was muted or blocked");
        }
        let quiet = QuietHours::read(&settings.quiet_hours, self.zone);
        match quiet.map_or(Quiet::No, |quiet| quiet.at(self.now)) {
            Quiet::No => None,
            Quiet::Until(until) => Some(Fate::Deferred { until }),
            Quiet::Always => dropped("every hour is quiet"),
        }
    }

    fn message(
        &self,
        push: &Push,
        (title, body): (String, String),
        data: Map<String, Value>,
    ) -> Option<Message> {
        Some(Message {
            to: self.devices.get(&push.device_id)?.push_token.0.clone(),
            title,
            body,
            data,
            sound: "default",
            badge: self.unread.get(&push.user_id).copied().unwrap_or(0).max(0),
            channel_id: "default",
        })
    }

    /// A message of its own.
    fn single(&self, push: &Push) -> Option<Message> {
        let content = self.contents.get(&push.notification_id)?;
        let (words, mut data) = match &content.alert {
            Some(alert) => ((alert.title.clone(), alert.body.clone()), alert.data.clone()),
            None => {
                let kind: Kind = content.kind.parse().ok()?;
                let data = content.payload.as_object().cloned().unwrap_or_default();
                (words::of_push(kind, &content.payload), data)
            }
        };
        data.insert("type".to_owned(), content.kind.clone().into());
        data.insert("notification_id".to_owned(), push.notification_id.into());
        self.message(push, words, data)
    }

    /// One message for several that have waited for the end of quiet hours.
    fn summary(&self, pushes: &[Push]) -> Option<Message> {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for push in pushes {
            let content = self.contents.get(&push.notification_id)?;
            *counts.entry(content.kind.as_str()).or_default() += 1;
        }
        let said: Vec<String> = counts
            .iter()
            .map(|(kind, count)| words::counted(kind.parse().ok(), *count))
            .collect();
        let title = format!("{} notifications", pushes.len());
        let mut data = Map::new();
        data.insert("type".to_owned(), "notification:summary".into());
        data.insert("counts".to_owned(), json!(counts));
        self.message(pushes.first()?, (title, said.join(", ")), data)
    }
}

/// Decides what is sent, to whom, in which words.
pub async fn sort(app: &App, pushes: Vec<Push>) -> Result<Sorted, DbErr> {
    let facts = Facts::gather(app, &pushes).await?;
    let mut sorted = Sorted::default();
    let mut waited: BTreeMap<i64, Vec<Push>> = BTreeMap::new();
    let mut groups = Vec::new();
    for push in pushes {
        if let Some(fate) = facts.kept_back(&push) {
            sorted.kept_back.push((push, fate));
        } else if push.is_deferred {
            waited.entry(push.device_id).or_default().push(push);
        } else {
            groups.push(vec![push]);
        }
    }
    groups.extend(waited.into_values());
    for pushes in groups {
        let message = match pushes.as_slice() {
            [push] => facts.single(push),
            several => facts.summary(several),
        };
        match message {
            Some(message) => sorted.parcels.push(Parcel { pushes, message }),
            None => {
                let dropped = Fate::Dropped {
                    reason: "there are no words for it",
                };
                sorted
                    .kept_back
                    .extend(pushes.into_iter().map(|push| (push, dropped.clone())));
            }
        }
    }
    Ok(sorted)
}
