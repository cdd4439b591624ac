//! The owner hears of every change of the second factor.

use std::collections::BTreeSet;

use identity::{FactorChange, SecondFactorChanged};
use platform::id::UserId;
use sea_orm::DbErr;

use super::post::{self, FACTOR, all_is_done, mails};
use crate::{
    second_factor::enrol,
    support::{deactivate, user},
};

const CHANGES: [(FactorChange, &str); 7] = [
    (FactorChange::TotpAdded, "authenticator app was switched on"),
    (FactorChange::TotpRemoved, "was switched off"),
    (FactorChange::PasskeyAdded, "passkey was added"),
    (FactorChange::PasskeyRemoved, "passkey was removed"),
    (FactorChange::RecoveryCodeUsed, "recovery code of your"),
    (FactorChange::RecoveryCodesMade, "New recovery codes"),
    (FactorChange::Reset, "An operator of SelfLink removed"),
];

#[tokio::test]
async fn every_change_is_told_once_in_words_of_its_own() {
    let (app, server) = post::start(&[]).await;
    let (ann, bob) = (user(&app).await, user(&app).await);
    deactivate(&app, bob.id).await;
    for (change, _) in CHANGES {
        for to in [ann.id, bob.id] {
            let event = &SecondFactorChanged {
                user_id: UserId(to),
                change,
            };
            let written = app.app.db().write(|tx| async move { tx.append(event).await });
            written.await.unwrap_or_else(|error: DbErr| panic!("{error}"));
        }
    }
    let told = mails(&server, &ann.email, FACTOR, CHANGES.len()).await;
    all_is_done(&app).await;
    let told: BTreeSet<String> = told.into_iter().map(|mail| mail.text).collect();
    for (change, words) in CHANGES {
        let count = told.iter().filter(|text| text.contains(words)).count();
        assert_eq!(count, 1, "{change:?}: {told:?}");
    }
    assert_eq!(server.mails_to(&ann.email).len(), CHANGES.len());
    assert_eq!(server.mails_to(&bob.email).len(), 0, "out of use");
    for text in told {
        assert!(text.contains(&format!("@{}", ann.handle)) && text.contains("change your password"));
    }
    app.stop().await;
}

#[tokio::test]
async fn switching_an_app_on_is_told() {
    let (app, server) = post::start(&[]).await;
    let ann = user(&app).await;
    enrol(&app, &ann).await;
    let told = mails(&server, &ann.email, FACTOR, 1).await.remove(0);
    assert!(
        told.text.contains("authenticator app was switched on"),
        "{}",
        told.text
    );
    app.stop().await;
}
