//! What has changed since, in files: the changes themselves, and the records of a kind that have changed.
//!
//! Both begin with the table of changes, from a place on, and look at no record that has not changed.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::audit;
use entity::change::{Column, Entity, Place};
use entity::kind::Kind;
use entity::moment::Moment;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::column::{Form, Type};
use super::pipe::Text;
use super::select::{Read, Reader};
use super::since::{Changed, KEYS_MAX, Told, change, only, seen, shapes, statement};
use super::table::Writer;
use demarche_core::domain::change::{Listener, subject};
use demarche_core::domain::export::Subject;
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::{Cell, Keys, Outlet, Row, Shape, Snapshot, Taker};

/// The columns of a file of changes.
pub(super) const COLUMNS: [&str; 4] = ["action", "kind", "id", "recordedAt"];
/// What they hold.
pub(super) const TYPES: [Type; 4] = [Type::Text, Type::Text, Type::Text, Type::Moment];

/// How many changes are looked at in one go.
const ROWS_MAX: usize = 2_000;

/// What became of a record that has changed, that may be seen, and that is not among those that are exported: it was closed
/// before, or is not what is asked for.
pub(super) const NO_MATCH: &str = "NO_MATCH";

/// The place behind all that one may be told of in this snapshot, from a place on; or by a moment, if one is given.
pub(super) async fn end(
    snapshot: &mut Snapshot,
    listener: &Listener,
    from: Place,
    by: Option<Moment>,
) -> Result<Place> {
    let mut heard = listener.heard();
    if let Some(by) = by {
        let last = audit::Entity::find()
            .select_only()
            .column(audit::Column::Seq)
            .filter(audit::Column::RecordedAt.lte(by))
            .order_by_desc(audit::Column::Seq)
            .limit(1)
            .into_query();
        let last = snapshot.read(&last, vec![Shape::Integer], Keys::default(), None).await?;
        heard = heard.filter(Column::Seq.lte(last.0.first().copied().unwrap_or(0)));
    }
    let found = read(snapshot, Entity::last(heard, from)).await?;
    Ok(found.first().map_or(from, |(row, _)| row.place()))
}

/// Writes the changes after a place, as a table.
pub(super) async fn write_log(
    reader: &mut Reader<'_>,
    listener: &Listener,
    since: Place,
    mut writer: Writer,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    let mut place = since;
    loop {
        let select = Entity::after(listener.heard(), place).limit(u64::try_from(ROWS_MAX).map_err(Error::internal)?);
        let rows = read(reader.snapshot, select).await?;
        let seen = visible_of(reader, &rows).await?;
        for (row, at) in &rows {
            place = row.place();
            let Some(action) = listener.told(row, seen.contains(&row.record_id)) else { continue };
            let (kind, id) = subject(row);
            let at = at.map_or(Cell::Null, Cell::Integer);
            writer.values(&[
                (Form::Text, Cell::Text(&action.to_value())),
                (Form::Text, Cell::Text(&kind.to_value())),
                (Form::Key(kind), Cell::Integer(id)),
                (Form::Moment, at),
            ])?;
        }
        hand_on(&mut writer, outlet).await?;
        if rows.len() < ROWS_MAX {
            return writer.finish();
        }
    }
}

/// Writes the records of a kind that have changed after a place, as they are now, by key; in JSON Lines before each thousand of
/// them what became of the others.
pub(super) async fn write_records(
    reader: &mut Reader<'_>,
    listener: &Listener,
    since: Place,
    of: &dyn Subject,
    reads: &[Read],
    mut writer: Writer,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    let kind = of.kind();
    let changed = Changed::read(reader.snapshot, listener, since, &[kind]).await?;
    let tells = writer.table.has_asides();
    for (action, kind, id) in &changed.access {
        writer.tell(&action.to_value(), *kind, *id);
    }
    let mut reads = reads.to_vec();
    let own = reads.len();
    let sql = format!("\"{}\".\"id\"", kind.table());
    reads.push(Read { name: "", sql, stored: None, shape: Shape::Integer });
    let ids: Vec<i64> = changed.of(kind).map(|(id, _)| id).collect();
    for ids in ids.chunks(KEYS_MAX) {
        let mut select = of.select(&reader.scope, reader.as_of, reader.dossier);
        only(&mut select, kind, ids);
        let sieve = Sieve { writer, key: own, left: ids.iter().copied().collect() };
        let sieve = reader.read(kind, select, &reads, sieve, outlet).await?;
        writer = sieve.writer;
        if tells && !sieve.left.is_empty() {
            let left: Vec<i64> = sieve.left.into_iter().collect();
            let seen = visible(reader, kind, &left).await?;
            for id in left {
                let became = changed.find(kind, id);
                let (closed, hidden) =
                    (became.and_then(|became| became.closed), became.and_then(|became| became.hidden));
                let action = match (seen.contains(&id), closed, hidden) {
                    (true, Some((action, _)), _) | (false, _, Some(action)) => action.to_value(),
                    (true, None, _) => NO_MATCH.to_owned(),
                    (false, _, None) => continue,
                };
                writer.tell(&action, kind, id);
            }
        }
        hand_on(&mut writer, outlet).await?;
    }
    writer.finish()
}

async fn hand_on(writer: &mut Writer, outlet: Option<&Outlet>) -> Result<()> {
    match (writer.piece(), outlet) {
        (Some(piece), Some(outlet)) => outlet.send(piece).await,
        _ => Ok(()),
    }
}

/// Writes rows, and knows which have not come.
struct Sieve {
    writer: Writer,
    /// The column that holds the key.
    key: usize,
    left: BTreeSet<i64>,
}

impl Taker for Sieve {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        if let Some(key) = row.cell(self.key)?.integer() {
            self.left.remove(&key);
        }
        self.writer.take(row)
    }
}

/// Those of the records of changes that may be seen.
async fn visible_of(reader: &mut Reader<'_>, rows: &[Told]) -> Result<HashSet<i64>> {
    let mut by_kind: HashMap<Kind, Vec<i64>> = HashMap::new();
    for (row, _) in rows.iter().filter(|(row, _)| row.kind != Kind::Account) {
        by_kind.entry(row.kind).or_default().push(row.record_id);
    }
    let mut all = HashSet::with_capacity(rows.len());
    for (kind, ids) in by_kind {
        all.extend(visible(reader, kind, &ids).await?);
    }
    Ok(all)
}

/// Those of these records that may be seen.
pub(super) async fn visible(reader: &mut Reader<'_>, kind: Kind, ids: &[i64]) -> Result<HashSet<i64>> {
    let mut select = seen(reader, kind, ids)?;
    select.expr(Expr::col((kind.table(), "id")));
    let stored = |name| (name == "id").then_some(0);
    let found = reader.read_noting(kind, select, vec![Shape::Integer], stored, Keys::default(), None).await?;
    Ok(found.0.into_iter().collect())
}

struct Rows(Vec<Told>);

impl Taker for Rows {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        self.0.push(change(row)?);
        Ok(None)
    }
}

async fn read(snapshot: &mut Snapshot, select: Select<Entity>) -> Result<Vec<Told>> {
    Ok(snapshot.read(&statement(select), shapes(), Rows(Vec::new()), None).await?.0)
}
