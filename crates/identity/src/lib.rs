//! Accounts: who is who, who may sign in, who follows whom.

mod accounts;
mod addresses;
mod appeal_tokens;
mod attempts;
mod avatars;
mod change_password;
mod collections;
mod commands;
mod connections;
mod deletion;
mod delivery;
mod demo;
mod devices;
mod directory;
mod entities;
mod errors;
mod events;
mod exports;
mod follow_counts;
mod follows;
mod groups;
mod handles;
mod jobs;
mod letters;
mod mail_limits;
mod mailboxes;
mod mails;
mod maps;
mod matching_profiles;
mod migrations;
mod one_time_tokens;
mod passwords;
mod people;
mod privacy;
mod profiles;
mod restraints;
mod routes;
mod searchable;
mod second_factor;
mod sessions;
mod settings;
mod sign_in;
mod social;
mod staff_sign_in;
mod steps;
mod terminal;
mod ties;
mod users;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::{PersonalData, SettingsSection, Step},
    jobs::JobKind,
    outbox::{DomainEvent as _, Subscription},
    schedule::Schedule,
};

use events::{AvatarReplaced, DeletionRequested, ExportRequested};

pub use appeal_tokens::{create as create_appeal_token, redeem as redeem_appeal_token};
pub use avatars::{purge as purge_avatars, remove_all as remove_avatars};
pub use collections::{Collection, members};
pub use connections::{Hold, still_standing};
pub use deletion::hold as hold_account;
pub use delivery::{
    DeliverySettings, Mailing, PushDevice, delivery_settings, devices_called, devices_of, digest_readers,
    forget_device, reached_by, stop_mails,
};
pub use demo::{DemoAccount, seed as seed_demo};
pub use entities::devices::PushToken;
pub use errors::AccountError;
pub use events::{
    FactorChange, Followed, PasswordChanged, SecondFactorChanged, SessionsEnded, Unfollowed, UserChanged,
    UserDeleted, UserRegistered,
};
pub use groups::{Group, all as groups, is_member, join as join_group, leave as leave_group};
pub use mailboxes::{Mailbox, of as mailbox};
pub use people::{
    PERSON_ID, Person, by_handle as user_by_handle, find as find_person, handles, page_of as people,
};
pub use privacy::{finds, reads_profile};
pub use restraints::{FOREVER, HeldAccount, Restraint, hold as held_account, restrain};
pub use searchable::{SearchableUser, listed_users, searchable_users, searchable_users_after};
pub use sessions::{ClientInfo, find_standing, standing_of};
pub use settings::{Link, requires_verification};
pub use staff_sign_in::{
    StaffSignIn, end_session, with_code as sign_in_staff_with_code, with_password as sign_in_staff,
};
pub use ties::{Ties, between as ties};
pub use users::{SettingsView, UserView, count_posts, existing, shown_to};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "identity",
        settings: vec![
            SettingsSection::of::<settings::SignInSettings>(),
            SettingsSection::of::<settings::AccountMailSettings>(),
            SettingsSection::of::<settings::AdminSettings>(),
            SettingsSection::of::<social::Providers>(),
            SettingsSection::of::<settings::SuperuserSettings>(),
            SettingsSection::of::<second_factor::RelyingParty>(),
            SettingsSection::of::<settings::SecondFactorSettings>(),
        ],
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<jobs::PurgeSessions>(),
            JobKind::of::<exports::CollectExport>(),
            JobKind::of::<exports::PurgeExports>(),
            JobKind::of::<deletion::DeleteAccount>(),
            JobKind::of::<letters::SendLetter>(),
            JobKind::of::<jobs::PurgeAvatars>(),
            JobKind::of::<jobs::RemoveAvatar>(),
            JobKind::of::<jobs::PurgeChallenges>(),
        ],
        schedules: vec![
            Schedule::of("identity.purge_sessions", "0 17 3 * * *", &jobs::PurgeSessions {}),
            Schedule::of("identity.purge_avatars", "0 41 3 * * *", &jobs::PurgeAvatars {}),
            Schedule::of(
                "identity.purge_challenges",
                "0 41 * * * *",
                &jobs::PurgeChallenges {},
            ),
            Schedule::of(
                "identity.purge_exports",
                "0 27 * * * *",
                &exports::PurgeExports {},
            ),
        ],
        subscriptions: [
            Subscription {
                event: ExportRequested::NAME,
                subscriber: "identity",
                handle: |app, event| jobs::collect_export(app, event).boxed(),
            },
            Subscription {
                event: DeletionRequested::NAME,
                subscriber: "identity",
                handle: |app, event| jobs::delete_account(app, event).boxed(),
            },
            Subscription {
                event: AvatarReplaced::NAME,
                subscriber: "identity.remove_avatar",
                handle: |app, event| jobs::remove_replaced_avatar(app, event).boxed(),
            },
        ]
        .into_iter()
        .chain(letters::subscriptions())
        .collect(),
        personal_data: Some(PersonalData {
            export: |app, user| async move { Ok(exports::collect(app.db().reader(), user).await?) }.boxed(),
            remove_files: |app, user| async move { avatars::remove_all(&app, user).await }.boxed(),
            erase: |tx, user| deletion::erase(tx, user).boxed(),
        }),
        commands: commands::all(),
        steps: vec![
            Step {
                key: "user",
                run: |tx, argument| steps::change_user(tx, argument).boxed(),
            },
            Step {
                key: "deactivate",
                run: |tx, argument| steps::deactivate(tx, argument).boxed(),
            },
            Step {
                key: "reset_second_factor",
                run: |tx, argument| steps::reset_second_factor(tx, argument).boxed(),
            },
        ],
    }
}
