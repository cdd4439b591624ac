//! What was asked of a client and is not answered yet.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

/// What an answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Kind {
    /// The second step of a sign-in.
    SecondFactor,
    /// A new passkey.
    PasskeyRegistration,
    /// A sign-in with a passkey alone.
    PasskeySignIn,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenges")]
pub struct Model {
    /// The hash of the text that the client holds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub kind: Kind,
    /// Whose; nobody's before a sign-in with a passkey.
    pub user_id: Option<UserId>,
    /// What is needed to check the answer of a passkey.
    pub state: Option<Json>,
    /// Answers so far.
    pub attempts: i64,
    pub expires_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
