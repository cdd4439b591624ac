//! The settings of this domain.

use chrono::NaiveDate;
use platform::{App, config::Within};

platform::settings! {
    /// Feeds.
    pub struct FeedSettings, "Feeds" {
        /// Followers beyond which the posts of an author are not copied into each timeline, but looked up when a feed is read.
        fan_out_limit: Within<0, 1_000_000> = ["FEED_FANOUT_LIMIT"] or "10000",
        /// Days for which feeds of followed people go back.
        prune_days: Within<1, 36_500> = ["FEED_PRUNE_DAYS"] or "30",
        /// Hours between two removals of entries that are older.
        prune_interval_hours: Within<1, 8_760> = ["FEED_PRUNE_INTERVAL_HOURS"] or "6",
        /// Posts that a timeline begins with when somebody follows or unfollows.
        backlog_posts: Within<1, 10_000> = ["RECO_DEFAULT_LIMIT"] or "200",
        /// Followed people, the latest first, whose posts a timeline begins with.
        backlog_follows: Within<1, 100_000> = ["RECO_MAX_FOLLOWS"] or "200",
    }
}

/// What feeds are set to, with the defaults where the section was not read.
pub fn of(app: &App) -> FeedSettings {
    app.settings::<FeedSettings>()
        .map_or_else(FeedSettings::default, |settings| (*settings).clone())
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            fan_out_limit: Within(10_000),
            prune_days: Within(30),
            prune_interval_hours: Within(6),
            backlog_posts: Within(200),
            backlog_follows: Within(200),
        }
    }
}

impl FeedSettings {
    /// The smallest id of a post that feeds of followed people still go back to.
    pub fn oldest_post(&self, app: &App) -> i64 {
        app.db().ids().first_of(self.oldest(app))
    }

    /// When entries that are about to be removed were made, at the latest.
    pub fn oldest(&self, app: &App) -> chrono::DateTime<chrono::Utc> {
        app.clock().now() - chrono::Duration::days(i64::from(self.prune_days.0))
    }
}

/// The day that it is for whoever runs this instance.
pub fn today(app: &App) -> NaiveDate {
    let zone = app.config().runtime.time_zone.0;
    app.clock().now().with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use platform::config::{Environment, Section as _};

    use super::*;

    #[test]
    fn the_defaults_are_those_that_are_documented() {
        let mut problems = Vec::new();
        let read = FeedSettings::read(&Environment::default(), &mut problems).expect("is valid");
        assert_eq!(format!("{read:?}"), format!("{:?}", FeedSettings::default()));
        assert!(problems.is_empty());
    }
}
