//! The tables of this domain.

mod m20261121_000002_accounts;
mod m20261121_000003_personal_data;
mod m20261121_000004_leaving;
mod m20261121_000005_one_time_tokens;
mod m20261121_000006_second_factor;
mod m20261121_000010_profiles;
mod m20261121_000010_social_accounts;
mod m20261121_000011_devices;
mod m20261121_000012_digests;
mod m20261121_000400_restraints;

use sea_orm_migration::MigrationTrait;

/// All of them, oldest first.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261121_000002_accounts::Migration),
        Box::new(m20261121_000003_personal_data::Migration),
        Box::new(m20261121_000004_leaving::Migration),
        Box::new(m20261121_000005_one_time_tokens::Migration),
        Box::new(m20261121_000006_second_factor::Migration),
        Box::new(m20261121_000010_profiles::Migration),
        Box::new(m20261121_000010_social_accounts::Migration),
        Box::new(m20261121_000011_devices::Migration),
        Box::new(m20261121_000012_digests::Migration),
        Box::new(m20261121_000400_restraints::Migration),
    ]
}
