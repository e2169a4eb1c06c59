//! The columns and indexes that tables share, and the one place of the migrations that asks which database this is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A text column that both databases compare byte by byte.
///
/// PostgreSQL otherwise sorts by the collation that its cluster happened to be made with, so that a keyset page could
/// start in the middle of another's order. SQLite's default, `BINARY`, is PostgreSQL's `C`.
pub fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::Postgres => column.custom("text COLLATE \"C\""),
        _ => column.text(),
    };
    column
}

/// A text column that must have a value.
pub fn required_text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    text(manager, name).not_null().take()
}

/// A text column whose value must be one of `words`.
pub fn word(manager: &SchemaManager<'_>, name: &'static str, words: &[&'static str]) -> ColumnDef {
    required_text(manager, name).check(one_of(name, words)).take()
}

/// As [`word`], but it may be left out.
pub fn optional_word(manager: &SchemaManager<'_>, name: &'static str, words: &[&'static str]) -> ColumnDef {
    text(manager, name).check(one_of(name, words)).take()
}

/// One comparison after the other, and not `IN`: SQLite makes the list of an `IN` anew for each row that it checks, which costs
/// two thirds of writing a narrow row.
fn one_of(name: &'static str, words: &[&'static str]) -> Expr {
    let nothing = Expr::val(false);
    words.iter().map(|word| Expr::col(name).eq(*word)).reduce(ExprTrait::or).unwrap_or(nothing)
}

/// A small whole number between two bounds, both included.
pub fn scale(name: &'static str, low: i16, high: i16) -> ColumnDef {
    ColumnDef::new(name).small_integer().check(Expr::col(name).between(low, high)).take()
}

/// A key: a 64-bit time-sorted id made by the program.
pub fn key(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A moment: microseconds since 1970-01-01T00:00:00Z.
///
/// A number, not a timestamp: it compares alike on both databases, keeps every digit, and takes a quarter of the room of
/// SQLite's text.
pub fn moment(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// The precision of a date: the date itself is the first day of the stated month or year.
pub const PRECISIONS: [&str; 3] = ["DAY", "MONTH", "YEAR"];

/// Whether PostgreSQL or SQLite, a table of nodes begins with these columns.
pub fn node_table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(name)
        .col(key("id").primary_key())
        .col(ColumnDef::new("version").integer().not_null())
        .col(moment("created_at"))
        .col(key("created_by"))
        .col(moment("updated_at"))
        .col(scale("marking", 0, 4).not_null())
        .col(text(manager, "external_id"))
        .foreign_key(&mut reference(name, "created_by", "account"));
    table
}

/// The columns of a node that belongs to a dossier.
pub fn dossier_node_table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    node_table(manager, name).col(key("dossier_id")).foreign_key(&mut reference(name, "dossier_id", "dossier")).take()
}

/// The columns that every assertion carries, and those of its own that nearly every question reads: `first`. `occurred` names the
/// date column.
///
/// What is read of each row stands before what is read of a few: both databases find a column by going over all that stand before
/// it, and PostgreSQL does that faster until the first that may be null or has no fixed length.
pub fn assertion_table(
    manager: &SchemaManager<'_>,
    name: &'static str,
    occurred: &'static str,
    precision: &'static str,
    first: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).col(key("id").primary_key()).col(key("dossier_id")).col(key("source_id"));
    for column in first {
        table.col(column);
    }
    table
        .col(ColumnDef::new(occurred).date().not_null())
        .col(scale("marking", 0, 4).not_null())
        .col(ColumnDef::new("superseded_at").big_integer())
        .col(ColumnDef::new("retracted_at").big_integer())
        .col(text(manager, "external_id"))
        .col(word(manager, precision, &PRECISIONS))
        .col(moment("recorded_at"))
        .col(key("recorded_by"))
        .col(text(manager, "locator"))
        .col(text(manager, "quote_exact"))
        .col(text(manager, "quote_prefix"))
        .col(text(manager, "quote_suffix"))
        .col(ColumnDef::new("quote_start").integer())
        .col(ColumnDef::new("quote_end").integer())
        .col(scale("credibility", 1, 6))
        .col(scale("confidence", 1, 7))
        .col(ColumnDef::new("supersedes_id").big_integer())
        .col(ColumnDef::new("retracted_by").big_integer())
        .col(text(manager, "retraction_reason"))
        .foreign_key(&mut reference(name, "dossier_id", "dossier"))
        .foreign_key(&mut reference(name, "source_id", "source"))
        .foreign_key(&mut reference(name, "recorded_by", "account"))
        .foreign_key(&mut reference(name, "retracted_by", "account"))
        .foreign_key(&mut reference(name, "supersedes_id", name))
        .check(all_or_none(&["retracted_at", "retracted_by", "retraction_reason"]))
        // Superseded or retracted, never both: a corrected assertion is no longer anybody's to take back.
        .check(Expr::col("superseded_at").is_null().or(Expr::col("retracted_at").is_null()));
    table
}

/// Either all of these columns have a value or none has.
fn all_or_none(columns: &[&'static str]) -> Expr {
    let all = columns.iter().fold(Condition::all(), |all, c| all.add(Expr::col(*c).is_not_null()));
    let none = columns.iter().fold(Condition::all(), |all, c| all.add(Expr::col(*c).is_null()));
    Condition::any().add(all).add(none).into()
}

/// A foreign key to another table's `id`. Nothing is deleted behind anybody's back: the default, restrict, holds.
pub fn reference(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(format!("fk_{table}_{column}")).from(table, column).to(to, "id").take()
}

/// Makes an index named after its table and columns.
pub async fn index(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    let mut index = named(table, columns);
    manager.create_index(index.take()).await
}

/// As [`index`], over the rows only where `column` has a value: small where most rows have none.
pub async fn sparse_index(manager: &SchemaManager<'_>, table: &'static str, column: &'static str) -> Result<(), DbErr> {
    let index = named(table, &[column]).cond_where(Expr::col(column).is_not_null()).take();
    manager.create_index(index).await
}

/// No two rows share the values of `columns`.
pub async fn unique_index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    manager.create_index(named(table, columns).unique().take()).await
}

fn named(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("ix_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// The indexes of a node that belongs to a dossier. `slug` says whether it has one.
pub async fn node_indexes(manager: &SchemaManager<'_>, table: &'static str, slug: bool) -> Result<(), DbErr> {
    if slug {
        unique_index(manager, table, &["dossier_id", "slug"]).await?;
    } else {
        index(manager, table, &["dossier_id", "id"]).await?;
    }
    index(manager, table, &["created_by"]).await?;
    let external =
        named(table, &["dossier_id", "external_id"]).unique().cond_where(Expr::col("external_id").is_not_null()).take();
    manager.create_index(external).await
}

/// The indexes that every table of assertions has.
pub async fn assertion_indexes(
    manager: &SchemaManager<'_>,
    table: &'static str,
    occurred: &'static str,
) -> Result<(), DbErr> {
    index(manager, table, &["dossier_id", occurred]).await?;
    index(manager, table, &["source_id"]).await?;
    index(manager, table, &["recorded_by"]).await?;
    sparse_index(manager, table, "retracted_by").await?;
    // One assertion supersedes exactly one other, and is superseded at most once: two writers cannot both win.
    let supersedes =
        named(table, &["supersedes_id"]).unique().cond_where(Expr::col("supersedes_id").is_not_null()).take();
    manager.create_index(supersedes).await?;
    // A correction keeps the external id of what it corrects, so only the newest of a chain must be unique.
    let external = named(table, &["dossier_id", "external_id"])
        .unique()
        .cond_where(Expr::col("external_id").is_not_null().and(Expr::col("superseded_at").is_null()))
        .take();
    manager.create_index(external).await
}

/// Stores the rows of a table in the order of their key, and nothing beside it. PostgreSQL knows no such tables: there, the
/// key is an index.
pub fn by_key(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) -> TableCreateStatement {
    if manager.get_database_backend() != DbBackend::Postgres {
        table.extra("WITHOUT ROWID");
    }
    table.take()
}

/// What a table holds may be lost in a crash, and need not wait for the disk. SQLite knows no such tables.
pub async fn unlogged(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Postgres => {
            manager.get_connection().execute_unprepared(&format!("ALTER TABLE {table} SET UNLOGGED")).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// Gives PostgreSQL a function of SQLite's that has no effect but on the plan: it gives the condition that it is given. It stands
/// in a statement for nothing more, because PostgreSQL puts its body in its place.
pub async fn identity_function(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    let sql = format!(
        "CREATE FUNCTION {name}(condition boolean) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT condition'"
    );
    match manager.get_database_backend() {
        DbBackend::Postgres => manager.get_connection().execute_unprepared(&sql).await.map(drop),
        _ => Ok(()),
    }
}

/// Takes it away again.
pub async fn drop_function(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DbBackend::Postgres => {
            manager.get_connection().execute_unprepared(&format!("DROP FUNCTION {name}(boolean)")).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// Drops tables, last made first.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).take()).await?;
    }
    Ok(())
}

/// Makes the database refuse to change or to remove a row of a table, whoever asks. `key` is its primary key; the number in
/// the column `rising` may grow.
pub async fn append_only(
    manager: &SchemaManager<'_>,
    table: &'static str,
    key: &[&'static str],
    rising: Option<&'static str>,
) -> Result<(), DbErr> {
    let refusal = format!("the rows of {table} are never changed or removed");
    let statements = match manager.get_database_backend() {
        DbBackend::Postgres => {
            let grows = rising.map(|column| {
                format!(
                    "IF TG_OP = 'UPDATE' AND NEW.{column} >= OLD.{column} AND \
                     to_jsonb(NEW) - '{column}' = to_jsonb(OLD) - '{column}' THEN RETURN NEW; END IF; "
                )
            });
            vec![
                format!(
                    "CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_LEVEL = 'ROW' \
                     THEN {} END IF; RAISE EXCEPTION '{refusal}'; END $$",
                    grows.unwrap_or_else(|| "NULL; ".to_owned())
                ),
                format!(
                    "CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION \
                     {table}_keep()"
                ),
                format!(
                    "CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION \
                     {table}_keep()"
                ),
            ]
        }
        _ => {
            let columns = manager.get_connection().query_all_raw(columns_of(table)).await?;
            let columns: Vec<String> = columns.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?;
            let same = |column: &String| match rising {
                Some(rising) if rising == column => format!("NEW.{column} >= OLD.{column}"),
                _ => format!("NEW.{column} IS OLD.{column}"),
            };
            let kept: Vec<String> = columns.iter().map(same).collect();
            let kept = if rising.is_some() { kept.join(" AND ") } else { "0".to_owned() };
            let there: Vec<String> = key.iter().map(|column| format!("{column} = NEW.{column}")).collect();
            let refuse = format!("BEGIN SELECT RAISE(ABORT, '{refusal}'); END");
            vec![
                format!("CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table} WHEN NOT ({kept}) {refuse}"),
                format!("CREATE TRIGGER {table}_keep_all BEFORE DELETE ON {table} {refuse}"),
                // INSERT OR REPLACE removes a row without a trigger being asked.
                format!(
                    "CREATE TRIGGER {table}_keep_key BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE \
                     {}) {refuse}",
                    there.join(" AND ")
                ),
            ]
        }
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

fn columns_of(table: &'static str) -> sea_orm::Statement {
    let select = format!("SELECT name FROM pragma_table_info('{table}')");
    sea_orm::Statement::from_string(DbBackend::Sqlite, select)
}

/// Drops a table made [`append_only`].
pub async fn drop_append_only(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    drop_tables(manager, &[table]).await?;
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(&format!("DROP FUNCTION {table}_keep()")).await?;
    }
    Ok(())
}
