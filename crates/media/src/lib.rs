//! Files: uploads, pictures and videos, their renditions, and the records that clients keep of media.
//!
//! Another domain that takes files examines them ([`examine_image`], [`examine_video`]), stores them ([`store`]), and in the
//! transaction of what refers to them says so ([`attach`]). When it refers to them no longer it says that too ([`release`]).

mod as_sent;
mod assets;
mod entities;
mod error;
mod events;
mod examine;
mod files;
mod jobs;
mod migrations;
mod personal;
mod purge;
mod renditions;
mod routes;
mod uploads;
mod urls;
mod videos;

use futures::FutureExt as _;
use platform::{
    Domain,
    domain::PersonalData,
    jobs::JobKind,
    outbox::{DomainEvent as _, Subscription},
    schedule::Schedule,
};

use events::{FilesReleased, PictureStored, UploadDone};

pub use as_sent::examine_or_keep;
pub use assets::{AssetView, assets, own_assets};
pub use error::MediaError;
pub use examine::{LARGEST_IMAGE, LARGEST_VIDEO, NewFile, examine_image, examine_video};
pub use files::{FileKind, Rendition, StoredFile, attach, files, release, store};
pub use purge::{Purged, purge};
pub use urls::{FileUrls, url, urls};

/// The domain as the binary lists it.
pub fn domain() -> Domain {
    Domain {
        name: "media",
        settings: Vec::new(),
        routes: routes::all,
        migrations: migrations::all,
        jobs: vec![
            JobKind::of::<renditions::MakeRenditions>(),
            JobKind::of::<jobs::RemoveFiles>(),
            JobKind::of::<jobs::RemoveSent>(),
            JobKind::of::<jobs::Purge>(),
        ],
        schedules: vec![Schedule::of("media.purge", "0 11 * * * *", &jobs::Purge {})],
        subscriptions: vec![
            Subscription {
                event: PictureStored::NAME,
                subscriber: "media",
                handle: |app, event| jobs::picture_stored(app, event).boxed(),
            },
            Subscription {
                event: FilesReleased::NAME,
                subscriber: "media",
                handle: |app, event| jobs::files_released(app, event).boxed(),
            },
            Subscription {
                event: UploadDone::NAME,
                subscriber: "media",
                handle: |app, event| jobs::upload_done(app, event).boxed(),
            },
        ],
        commands: Vec::new(),
        steps: Vec::new(),
        personal_data: Some(PersonalData {
            export: |app, user| async move { personal::export(&app, user).await }.boxed(),
            remove_files: |app, user| async move { personal::remove_files(&app, user).await }.boxed(),
            erase: |tx, user| personal::erase(tx, user).boxed(),
        }),
    }
}
