//! The tables of this domain.

mod m20261121_000720_presence;

use sea_orm_migration::MigrationTrait;

pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000720_presence::Migration)]
}
