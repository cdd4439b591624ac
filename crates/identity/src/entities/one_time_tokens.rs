//! One-time tokens: what a mail carries to prove that its reader has the mailbox.

use platform::id::UserId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_tokens")]
pub struct Model {
    /// SHA-256 of the token, in hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub user_id: UserId,
    pub purpose: Purpose,
    /// What it is about: the address that it proves.
    pub detail: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Purpose {
    /// Setting a new password.
    #[sea_orm(string_value = "password_reset")]
    PasswordReset,
    /// Marking the account's address as verified.
    #[sea_orm(string_value = "email_verification")]
    EmailVerification,
    /// Making the address of the detail the account's.
    #[sea_orm(string_value = "email_change")]
    EmailChange,
    /// Nothing: a change that was asked for and has no token yet.
    #[sea_orm(string_value = "email_change_request")]
    EmailChangeRequest,
    /// Appealing against a decision of moderators, whose id the detail is, without being able to sign in.
    #[sea_orm(string_value = "appeal")]
    Appeal,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
