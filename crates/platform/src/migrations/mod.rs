//! The platform's own tables.

mod m20261121_000001_foundation;

use sea_orm_migration::MigrationTrait;

/// All of them, oldest first.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000001_foundation::Migration)]
}
