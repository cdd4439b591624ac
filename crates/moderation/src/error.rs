//! What can be wrong with a request about moderation.

use platform::http::ApiError;
use sea_orm::DbErr;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ModerationError {
    /// There is no such report, or it is somebody else's.
    #[error("No Report matches the given query.")]
    NoSuchReport,
    /// There is no such enforcement.
    #[error("No Enforcement matches the given query.")]
    NoSuchEnforcement,
    /// There is no such appeal.
    #[error("No Appeal matches the given query.")]
    NoSuchAppeal,
    /// There is nothing of this kind with this id.
    #[error("There is no such {0}.")]
    NoSuchTarget(&'static str),
    /// Nothing of this kind can be acted on here.
    #[error("Moderators cannot act on targets of this kind.")]
    NotEnforceable,
    /// Accounts are not taken away from sight.
    #[error("Only posts, comments and messages can be removed.")]
    NotRemovable,
    /// The action has no end.
    #[error("Only a suspension or a restriction can have an end.")]
    NoEnd,
    /// The end is not in the future.
    #[error("The end must be in the future.")]
    EndIsPast,
    /// The same is in force already.
    #[error("This is in force already. Lift it first to change it.")]
    InForce,
    /// It was lifted, or has come to its end.
    #[error("This is no longer in force.")]
    NotInForce,
    /// Somebody else works on the target.
    #[error("Another moderator is working on this.")]
    Assigned,
    /// There is nothing left to do about the target.
    #[error("Nothing about this waits for a moderator.")]
    NothingWaits,
    /// Only moderators can be given work.
    #[error("This account is not a moderator.")]
    NotModerator,
    /// Only administrators act against staff.
    #[error("Only administrators can act against staff.")]
    StaffIsProtected,
    /// Nobody judges in their own case.
    #[error("You cannot decide about your own account.")]
    OwnCase,
    /// Appeals are decided by others than those who decided first.
    #[error("Somebody else has to decide about an appeal against your own decision.")]
    OwnDecision,
    /// Only automatic ones are out of their reporter's reach.
    #[error("Automatic reports can only be changed by moderators.")]
    Automatic,
    /// There is no decision of this id that concerns whoever appeals.
    #[error("There is no such decision about you.")]
    NothingToAppeal,
    /// The token of a mail is unknown, used, expired, or of another decision.
    #[error("This link is invalid or has expired.")]
    InvalidToken,
    /// An appeal against the same decision waits.
    #[error("Your appeal is waiting for a decision.")]
    AppealIsOpen,
    /// The appeal was decided before.
    #[error("This appeal has been decided.")]
    AppealIsDecided,
    /// Too many reports; the seconds until another fits.
    #[error("too many reports, try again in {0} s")]
    TooManyReports(u64),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<ModerationError> for ApiError {
    fn from(error: ModerationError) -> Self {
        use ModerationError as E;
        let text = error.to_string();
        match error {
            E::NoSuchReport => Self::no_match("Report"),
            E::NoSuchEnforcement => Self::no_match("Enforcement"),
            E::NoSuchAppeal => Self::no_match("Appeal"),
            E::NoSuchTarget(_) => Self::field("target_id", text),
            E::NotEnforceable => Self::field("target_type", text),
            E::NotRemovable => Self::field("action", text),
            E::NoEnd | E::EndIsPast => Self::field("expires_at", text),
            E::NotModerator => Self::field("assigned_to", text),
            E::NothingToAppeal => Self::field("enforcement", text),
            E::InvalidToken => Self::field("token", text),
            E::InForce
            | E::NotInForce
            | E::Assigned
            | E::NothingWaits
            | E::AppealIsOpen
            | E::AppealIsDecided => Self::object(text),
            E::StaffIsProtected | E::OwnCase | E::OwnDecision | E::Automatic => {
                Self::forbidden_because(&text)
            }
            E::TooManyReports(seconds) => Self::throttled(seconds),
            E::Database(error) => error.into(),
        }
    }
}
