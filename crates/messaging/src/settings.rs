//! The settings of this domain.

use platform::App;

platform::settings! {
    /// Messages.
    pub struct MessagingSettings, "Messages" {
        /// Messages that one person may send in a minute. 0: no limit.
        messages_per_minute: i64 = ["MESSAGES_PER_MINUTE"] or "60",
        /// Conversations that one person may begin in a minute, direct ones included. 0: no limit.
        threads_per_minute: i64 = ["THREADS_PER_MINUTE"] or "20",
    }
}

/// What messages are set to, with the defaults where the section was not read.
pub fn of(app: &App) -> MessagingSettings {
    app.settings::<MessagingSettings>()
        .map_or_else(MessagingSettings::default, |settings| (*settings).clone())
}

impl Default for MessagingSettings {
    fn default() -> Self {
        Self {
            messages_per_minute: 60,
            threads_per_minute: 20,
        }
    }
}
