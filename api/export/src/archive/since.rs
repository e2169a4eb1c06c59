//! What of a dossier has changed, in the interchange format: `demarche load` brings a copy up to date with it that was loaded
//! from an earlier file.
//!
//! Nodes that were made or edited, and assertions that were made and stand, have their lines as in a whole archive. What a
//! correction corrects is known by its external id; where that is another one, the line names in `supersedes` the version that
//! the copy has. What was retracted has a line that says so and why. What one may not see any more has none: that is no change
//! of the record, and the export `changes` tells of it.

use std::collections::HashMap;

use entity::change::Place;
use entity::kind::Kind;
use entity::words::ChangeAction;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};

use super::super::cell::json_text;
use super::super::column::Sheet;
use super::super::noting::step;
use super::super::pipe::Text;
use super::super::plan::reads;
use super::super::select::{Read, Reader};
use super::super::since::{Became, Changed, KEYS_MAX, seen};
use super::line::{Lines, Names, name, text_field};
use super::{HEADER, ORDER, dossiers, end, lines, standing_now};
use demarche_core::domain::change::Listener;
use demarche_core::error::{Error, Result};
use demarche_core::op::Trail;
use demarche_core::store::stream::{Cell, Outlet, Row, Shape, Taker};

/// Writes what has changed after a place, of one dossier or of all that one may see. A dossier that one could not see before is
/// written whole.
///
/// # Errors
/// If the database fails, or nobody takes what is written.
pub(in super::super) async fn write(
    reader: &mut Reader<'_>,
    listener: &Listener,
    since: Place,
    mut page: Text,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    page.text.extend_from_slice(HEADER);
    let changed = Changed::read(reader.snapshot, listener, since, &ORDER).await?;
    let asked = reader.dossier;
    for dossier in dossiers(reader).await? {
        if changed.touches(dossier) || changed.opens(dossier) {
            reader.dossier = Some(dossier);
            page = write_dossier(reader, &changed, dossier, page, outlet).await?;
        }
    }
    reader.dossier = asked;
    Ok(page)
}

async fn write_dossier(
    reader: &mut Reader<'_>,
    changed: &Changed,
    dossier: i64,
    mut page: Text,
    outlet: Option<&Outlet>,
) -> Result<Text> {
    let mut names = names(reader).await?;
    let whole = changed.opens(dossier);
    for kind in ORDER {
        let here: Vec<(i64, Became)> = changed.of(kind).filter(|(_, became)| became.dossier == dossier).collect();
        // The line of the dossier says where those below it belong.
        let ids: Vec<i64> =
            if kind == Kind::Dossier { vec![dossier] } else { here.iter().map(|(id, _)| *id).collect() };
        if ids.is_empty() && !whole {
            continue;
        }
        let history = History { kind, dossier, changed, versions: versions(reader, kind, &ids).await? };
        for (id, became) in &here {
            if matches!(became.closed, Some((ChangeAction::Retracted, _))) {
                history.write_retraction(*id, &reader.left, &mut page)?;
            }
        }
        let mut writing = Lines::new(kind, page, names);
        writing.corrects = history.corrections(&ids);
        writing.written = writing.names.keys().collect();
        ids.iter().for_each(|id| _ = writing.written.remove(id));
        // Corrections with another name come first: the one that they give up may have been taken by another record.
        let (first, then): (Vec<i64>, Vec<i64>) = ids.iter().partition(|id| writing.corrects.contains_key(id));
        for ids in first.chunks(KEYS_MAX) {
            writing = lines(reader, kind, open(reader, kind, ids)?, writing, outlet).await?;
        }
        if whole {
            let mut select = standing_now(kind, &reader.scope, reader)?;
            for ids in first.chunks(KEYS_MAX) {
                select.and_where(Expr::col((kind.table(), "id")).is_not_in(ids.iter().copied()));
            }
            writing.written.clear();
            writing = lines(reader, kind, select, writing, outlet).await?;
        } else {
            for ids in then.chunks(KEYS_MAX) {
                writing = lines(reader, kind, open(reader, kind, ids)?, writing, outlet).await?;
            }
        }
        (page, names) = end(writing, outlet).await?;
    }
    Ok(page)
}

/// Those of these records that are neither superseded nor retracted, also if what they say does not hold any more: whoever has
/// an earlier version must learn of it.
fn open(reader: &Reader<'_>, kind: Kind, ids: &[i64]) -> Result<SelectStatement> {
    let mut select = seen(reader, kind, ids)?;
    if kind.is_assertion() {
        for closed in ["superseded_at", "retracted_at"] {
            select.and_where(Expr::col((kind.table(), closed)).is_null());
        }
    }
    Ok(select)
}

/// What the records of a dossier that others refer to are called.
async fn names(reader: &mut Reader<'_>) -> Result<Names> {
    let mut names = Names::default();
    for kind in ORDER.into_iter().filter(|kind| kind.is_node() || *kind == Kind::Relation) {
        let wanted = |read: &Read| ["id", "slug", "externalId"].contains(&read.name);
        let reads: Vec<Read> = reads(reader, &Sheet::of(kind)).into_iter().filter(wanted).collect();
        let columns = reads.iter().map(|read| read.name).collect();
        let mut select = standing_now(kind, &reader.scope, reader)?;
        let shapes = super::super::select::add(&mut select, &reads);
        // They do not leave: they are how others are called.
        names = reader.snapshot.read(&select, shapes, Naming { kind, columns, names }, None).await?.names;
    }
    Ok(names)
}

struct Naming {
    kind: Kind,
    columns: Vec<&'static str>,
    names: Names,
}

impl Taker for Naming {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let (mut id, mut slug, mut own) = (0, None, Cell::Null);
        for (at, column) in self.columns.iter().enumerate() {
            match (*column, row.cell(at)?) {
                ("id", Cell::Integer(key)) => id = key,
                ("slug", Cell::Text(text)) => slug = Some(text.to_owned()),
                ("externalId", cell) => own = cell,
                _ => {}
            }
        }
        self.names.add(id, slug.unwrap_or_else(|| name(self.kind, id, own)));
        Ok(None)
    }
}

/// A version of an assertion.
struct Version {
    name: String,
    supersedes: Option<i64>,
    /// Why it was retracted.
    reason: Option<String>,
    marking: i64,
}

/// Those of these assertions that one may see, closed ones included.
async fn versions(reader: &mut Reader<'_>, kind: Kind, ids: &[i64]) -> Result<HashMap<i64, Version>> {
    let mut versions = Versions { kind, found: HashMap::new() };
    if !kind.is_assertion() {
        return Ok(versions.found);
    }
    for ids in ids.chunks(KEYS_MAX) {
        let mut select = seen(reader, kind, ids)?;
        for column in ["id", "external_id", "supersedes_id", "retraction_reason", "marking"] {
            select.expr(Expr::col((kind.table(), column)));
        }
        let shapes = vec![Shape::Integer, Shape::Text, Shape::Integer, Shape::Text, Shape::Integer];
        // Most of them only say what others were called: those that leave are noted when they do.
        versions = reader.snapshot.read(&select, shapes, versions, None).await?;
    }
    Ok(versions.found)
}

struct Versions {
    kind: Kind,
    found: HashMap<i64, Version>,
}

impl Taker for Versions {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let id = row.cell(0)?.integer().ok_or_else(|| Error::internal("an assertion has no key"))?;
        let name = name(self.kind, id, row.cell(1)?);
        let reason = if let Cell::Text(reason) = row.cell(3)? { Some(reason.to_owned()) } else { None };
        let marking = row.cell(4)?.integer().unwrap_or_default();
        self.found.insert(id, Version { name, supersedes: row.cell(2)?.integer(), reason, marking });
        Ok(None)
    }
}

/// How the assertions of a kind became what they are.
struct History<'a> {
    kind: Kind,
    dossier: i64,
    changed: &'a Changed,
    versions: HashMap<i64, Version>,
}

impl History<'_> {
    /// The version of an assertion that could be seen before, if one could.
    fn before(&self, mut id: i64) -> Option<&Version> {
        loop {
            let version = self.versions.get(&id)?;
            if !self.changed.find(self.kind, id).is_some_and(|became| became.is_new) {
                return Some(version);
            }
            id = version.supersedes?;
        }
    }

    /// What those of these that are new correct, where it was called otherwise.
    fn corrections(&self, ids: &[i64]) -> HashMap<i64, String> {
        let correction = |id: &i64| {
            let (before, version) = (self.before(*id)?, self.versions.get(id)?);
            (before.name != version.name).then(|| (*id, before.name.clone()))
        };
        ids.iter().filter_map(correction).collect()
    }

    /// Says that an assertion was retracted, to those who know of it.
    fn write_retraction(&self, id: i64, left: &Trail, page: &mut Text) -> Result<()> {
        let (Some(before), Some(version)) = (self.before(id), self.versions.get(&id)) else { return Ok(()) };
        left.add(step(self.dossier, version.marking)?, self.kind, id);
        let out = &mut page.text;
        out.extend_from_slice(b"{\"record\":\"retraction\",\"kind\":");
        json_text(self.kind.noun(), out);
        out.extend(text_field("externalId", &before.name));
        out.extend(text_field("reason", version.reason.as_deref().unwrap_or_default()));
        out.extend_from_slice(b"}\n");
        page.rows += 1;
        Ok(())
    }
}
