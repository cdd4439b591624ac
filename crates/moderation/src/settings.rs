//! The settings of this domain.

use identity::Link;
use platform::limits::Rate;

use crate::words::BannedWords;

platform::settings! {
    /// Moderation.
    pub struct ModerationSettings, "Moderation" {
        /// Words that have a new or changed post, comment or message looked at by moderators, separated by commas; found at the beginning of words, whatever the case. Blank: none.
        banned_words: BannedWords = ["MODERATION_BANNED_WORDS"] or "spam,scam,offensive",
        /// Reports that one account can file.
        report_rate: Option<Rate> = ["MODERATION_REPORT_RATE"] or "60/hour",
        /// Address of the page on which somebody who cannot sign in appeals against a decision, with `{token}` where the token goes. Blank: the mail shows the token as a code to paste.
        appeal_url: Option<Link> = ["MODERATION_APPEAL_URL"] or "",
    }
}
