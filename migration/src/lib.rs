//! How the database came to look as it does: one change per file, each up and down, the same for SQLite and PostgreSQL.
//!
//! Migrations never import the entities: a migration describes a moment that has passed, an entity describes now. A test
//! compares the two on both databases.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod column;
mod m0001_account;
mod m0002_dossier;
mod m0003_stakeholder;
mod m0004_source;
mod m0005_mechanism;
mod m0006_argument;
mod m0007_position;
mod m0008_relation;
mod m0009_status;
mod m0010_finding;
mod m0011_event;
mod m0012_implication;
mod m0013_rating;
mod m0014_member;
mod m0015_identity;
mod m0016_session;
mod m0017_access_token;
mod m0018_audit;
mod m0019_rate_bucket;
mod m0020_change;
mod m0021_likely;
mod m0022_marked;

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_account::Migration),
            Box::new(m0002_dossier::Migration),
            Box::new(m0003_stakeholder::Migration),
            Box::new(m0004_source::Migration),
            Box::new(m0005_mechanism::Migration),
            Box::new(m0006_argument::Migration),
            Box::new(m0007_position::Migration),
            Box::new(m0008_relation::Migration),
            Box::new(m0009_status::Migration),
            Box::new(m0010_finding::Migration),
            Box::new(m0011_event::Migration),
            Box::new(m0012_implication::Migration),
            Box::new(m0013_rating::Migration),
            Box::new(m0014_member::Migration),
            Box::new(m0015_identity::Migration),
            Box::new(m0016_session::Migration),
            Box::new(m0017_access_token::Migration),
            Box::new(m0018_audit::Migration),
            Box::new(m0019_rate_bucket::Migration),
            Box::new(m0020_change::Migration),
            Box::new(m0021_likely::Migration),
            Box::new(m0022_marked::Migration),
        ]
    }
}
