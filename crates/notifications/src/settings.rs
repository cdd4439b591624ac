//! The settings of this domain.

use std::{sync::OnceLock, time::Duration};

use platform::config::{BaseUrl, Environment, Secret, Section, Variable};

platform::settings! {
    /// Notifications.
    pub struct NotificationSettings, "Notifications" {
        /// Days after which notifications that were read are removed.
        retention_days: u32 = ["NOTIFICATIONS_RETENTION_DAYS"] or "90",
        /// Mails about single notifications to one account in an hour; what exceeds them waits for the daily summary.
        mails_per_hour: u32 = ["NOTIFICATION_MAILS_PER_HOUR"] or "5",
    }
}

platform::settings! {
    /// Push messages.
    pub struct PushSettings, "Push messages" {
        /// Whether push messages are sent. Blank: in production only, so that no development instance or test calls out.
        enabled: Option<bool> = ["PUSH_ENABLED"] or "",
        /// Expo's push service.
        url: BaseUrl = ["EXPO_PUSH_URL"] or "https://exp.host",
        /// Access token of the Expo account, needed when its project has enhanced push security switched on.
        access_token: Secret = ["EXPO_ACCESS_TOKEN"] or "",
        /// Seconds that the service may take for one request.
        timeout_seconds: u64 = ["EXPO_PUSH_TIMEOUT_SECONDS"] or "15",
    }
}

/// The push service, with the connections to it.
pub struct PushService {
    pub settings: PushSettings,
    client: OnceLock<reqwest::Client>,
}

impl Section for PushService {
    const VARIABLES: &'static [Variable] = PushSettings::VARIABLES;

    fn read(environment: &Environment, problems: &mut Vec<String>) -> Option<Self> {
        Some(Self {
            settings: PushSettings::read(environment, problems)?,
            client: OnceLock::new(),
        })
    }
}

impl PushService {
    /// What speaks to the service. It follows no redirects: they would carry tokens elsewhere.
    pub fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        platform::tls::use_ring();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(self.settings.timeout_seconds))
            .user_agent("SelfLink")
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }
}
