//! Matching profiles, at most one per account: what somebody says of themselves and looks for.

use platform::id::UserId;
use sea_orm::{FromJsonQueryResult, entity::prelude::*};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares the words that a field may hold; the first is what it holds at first.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum, strum::EnumString, Serialize, ToSchema,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            #[default]
            #[sea_orm(string_value = $first_word)]
            #[serde(rename = $first_word)]
            #[strum(serialize = $first_word)]
            $first,
            $(
                #[sea_orm(string_value = $word)]
                #[serde(rename = $word)]
                #[strum(serialize = $word)]
                $variant,
            )*
        }
    };
}

words! {
    /// Empty: not said.
    Gender {
        NotSaid = "", Male = "male", Female = "female", NonBinary = "non_binary", Other = "other",
        PreferNotToSay = "prefer_not_to_say",
    }
}

words! {
    /// Empty: not said.
    Orientation {
        NotSaid = "", Hetero = "hetero", Homo = "homo", Bi = "bi", Pan = "pan", Asexual = "asexual", Other = "other",
        PreferNotToSay = "prefer_not_to_say",
    }
}

words! {
    /// What is looked for.
    RelationshipGoal { Unsure = "unsure", Casual = "casual", LongTerm = "long_term", Marriage = "marriage" }
}

words! {
    /// Empty: not said.
    AttachmentStyle { NotSaid = "", Secure = "secure", Anxious = "anxious", Avoidant = "avoidant", Mixed = "mixed" }
}

/// A list of words, in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult, ToSchema)]
#[serde(transparent)]
pub struct Words(pub Vec<String>);

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "matching_profiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub gender: Gender,
    pub orientation: Orientation,
    pub relationship_goal: RelationshipGoal,
    /// "values" is a word of SQL.
    pub core_values: Words,
    pub preferred_lifestyle: Words,
    pub attachment_style: AttachmentStyle,
    pub love_language: Words,
    pub birth_date: Option<Date>,
    pub birth_time: Option<Time>,
    pub birth_city: String,
    pub birth_country: String,
    pub birth_timezone: String,
    /// In degrees, north positive.
    pub birth_latitude: Option<f64>,
    /// In degrees, east positive.
    pub birth_longitude: Option<f64>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
