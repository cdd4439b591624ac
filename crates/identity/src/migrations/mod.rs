//! The tables of this domain.

mod m20261121_000002_accounts;
mod m20261121_000003_personal_data;
mod m20261121_000006_second_factor;

use sea_orm_migration::MigrationTrait;

/// All of them, oldest first.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261121_000002_accounts::Migration),
        Box::new(m20261121_000003_personal_data::Migration),
        Box::new(m20261121_000006_second_factor::Migration),
    ]
}
