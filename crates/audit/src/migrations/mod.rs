//! The tables of this domain.

mod m20261121_000100_audit;

use sea_orm_migration::MigrationTrait;

/// All of them, oldest first.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000100_audit::Migration)]
}
