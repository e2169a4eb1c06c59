//! The database: migrations go up, down and up again, what is stored is what they made, and every foreign key is indexed.

use std::collections::BTreeMap;

use demarche_tests::inspect::Inspector;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ColumnTrait, EntityTrait, Iden, Iterable};
use serde_json::json;

/// A table as an entity sees it: its columns, each with whether it may have no value.
type Columns = BTreeMap<String, bool>;

fn seen_by<E: EntityTrait>() -> (String, Columns) {
    let columns = E::Column::iter().map(|column| (column.unquoted().to_owned(), column.def().is_null()));
    (E::default().table_name().to_owned(), columns.collect())
}

/// Does something with every entity. A new one that is forgotten here is a table without an entity, which fails.
macro_rules! entities {
    ($with:ident) => {
        entities!($with: access_token account argument argument_link audit audit_head audit_record change condition dossier
            event event_actor finding identity implication mechanism mechanism_party member position position_argument
            position_condition rating refresh_token relation revision search_document session signing_key source source_text
            stakeholder status)
    };
    ($with:ident: $($name:ident)*) => { [$($with!(entity::$name::Entity)),*] };
}

demarche_tests::suite! {
    async fn migrations_go_up_and_down_and_up_again(world) {
        let inspector = Inspector::new(&world.database).await;
        let store = &world.base.store;
        let before = inspector.schema().await;
        assert!(before.len() > 100, "{before:#?}");
        let steps = u32::try_from(Migrator::migrations().len()).unwrap();
        store.migrate_down(steps).await.unwrap();
        let left = inspector.tables().await;
        assert!(left.is_empty(), "left behind: {left:?}");
        assert!(store.migrations().await.unwrap().iter().all(|step| !step.applied));
        store.migrate_up().await.unwrap();
        similar_asserts::assert_eq!(before: before, after: inspector.schema().await);
        // One at a time as well, so that each step can be taken back by itself.
        for _ in 0..steps {
            store.migrate_down(1).await.unwrap();
            store.migrate_up().await.unwrap();
            store.migrate_down(1).await.unwrap();
        }
        store.migrate_up().await.unwrap();
        similar_asserts::assert_eq!(before: before, after: inspector.schema().await);
        inspector.close().await;
    }

    async fn entities_are_what_the_migrations_made(world) {
        macro_rules! seen { ($entity:ty) => { seen_by::<$entity>() } }
        let inspector = Inspector::new(&world.database).await;
        let mut made = inspector.columns().await;
        // Points for rate limits are no entity: they are spent by one statement, which no model describes.
        made.retain(|table, _| !["seaql_migrations", "rate_bucket"].contains(&table.as_str()) && !table.starts_with("sqlite_"));
        let seen: BTreeMap<String, Columns> = entities!(seen).into_iter().collect();
        similar_asserts::assert_eq!(made: made, seen: seen);
        inspector.close().await;
    }

    async fn entities_read_what_is_stored(world with sample) {
        let inspector = Inspector::new(&world.database).await;
        macro_rules! read {
            ($entity:ty) => { <$entity>::find().all(inspector.connection()).await.unwrap().len() }
        }
        let rows: usize = entities!(read).into_iter().sum();
        let counted: i64 = inspector.counts().await.values().sum();
        assert_eq!(rows, usize::try_from(counted).unwrap());
        assert!(rows > 166);
        inspector.close().await;
    }

    async fn every_foreign_key_has_an_index_that_begins_with_its_columns(world) {
        let inspector = Inspector::new(&world.database).await;
        let indexes = inspector.indexes().await;
        let keys = inspector.foreign_keys().await;
        assert!(keys.len() > 60, "{keys:?}");
        let bare: Vec<&[String; 2]> = keys
            .iter()
            .filter(|[table, columns]| {
                let begins = |index: &str| index == columns || index.starts_with(&format!("{columns},"));
                !indexes.iter().any(|[of, index]| of == table && begins(index))
            })
            .collect();
        assert!(bare.is_empty(), "foreign keys without an index: {bare:?}");
        inspector.close().await;
    }

    async fn a_half_migrated_database_is_not_ready_and_says_what_it_lacks(world) {
        assert_eq!(world.get_json("/health/ready").await, (200, json!({ "status": "ready" })));
        world.base.store.migrate_down(2).await.unwrap();
        let steps = world.base.store.migrations().await.unwrap();
        let missing: Vec<&str> = steps.iter().filter(|step| !step.applied).map(|step| step.name.as_str()).collect();
        let known: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let (count, last) = (known.len(), &known[known.len() - 2..]);
        assert_eq!(missing, last);
        let reason = format!(
            "2 of the database's {count} migrations are not applied, the first is {}: run `demarche migrate up`",
            last[0]
        );
        assert_eq!(world.get_json("/health/ready").await, (503, json!({ "status": "unready", "reason": reason })));
        assert_eq!(world.get_json("/health/live").await, (200, json!({ "status": "live" })));
        world.base.store.migrate_up().await.unwrap();
        assert_eq!(world.get_json("/health/ready").await, (200, json!({ "status": "ready" })));
    }

    async fn looking_at_an_empty_database_writes_nothing(world) {
        let Ok(database) = demarche_tests::database::empty(world.database.engine).await else { panic!("no database") };
        let store = database.open().await;
        assert!(store.migrations().await.unwrap().iter().all(|step| !step.applied));
        store.close().await;
        let inspector = Inspector::new(&database).await;
        assert_eq!(inspector.schema().await, Vec::<String>::new());
        inspector.close().await;
    }
}
