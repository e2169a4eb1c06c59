//! The whole of a dossier in the interchange format, which `demarche load` takes back, or what of it has changed.
//!
//! A record stands below all that it refers to, and is referred to by its slug or its external id; one that has neither gets
//! its public id as its external id. Lists stand in the order of what they name in the file. So the keys of a database leave
//! no trace, and a dossier that was loaded from a file is written as the same file.
//!
//! The fields of a line are the columns of the record's table: see [`super::column`].

mod line;
mod since;

use std::sync::Arc;

use entity::kind::Kind;
use entity::record::Record;
use entity::scope::Scope;
use sea_orm::sea_query::SelectStatement;

use self::line::{Lines, Names};
pub(super) use self::since::write as write_since;
use super::column::Sheet;
use super::pipe::Text;
use super::plan::reads;
use super::select::Reader;
use demarche_core::domain::export::{Records, Subject};
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::Outlet;

/// The kinds, each below those that it refers to.
pub(super) const ORDER: [Kind; 13] = [
    Kind::Dossier,
    Kind::Source,
    Kind::Stakeholder,
    Kind::Mechanism,
    Kind::Condition,
    Kind::Argument,
    Kind::Relation,
    Kind::Position,
    Kind::Status,
    Kind::Finding,
    Kind::Event,
    Kind::Implication,
    Kind::Rating,
];

const HEADER: &[u8] = b"{\"record\":\"header\",\"format\":\"demarche\",\"version\":1}\n";

/// Writes one dossier, or all that one may see, one after the other.
///
/// # Errors
/// If the database fails, or nobody takes what is written.
pub(super) async fn write(reader: &mut Reader<'_>, mut page: Text, outlet: Option<&Outlet>) -> Result<Text> {
    page.text.extend_from_slice(HEADER);
    let mut names = Names::default();
    let asked = reader.dossier;
    for dossier in dossiers(reader).await? {
        reader.dossier = Some(dossier);
        for kind in ORDER {
            let select = standing_now(kind, &reader.scope, reader)?;
            let lines = lines(reader, kind, select, Lines::new(kind, page, names), outlet).await?;
            (page, names) = end(lines, outlet).await?;
        }
    }
    reader.dossier = asked;
    Ok(page)
}

/// The dossiers, oldest first.
async fn dossiers(reader: &mut Reader<'_>) -> Result<Vec<i64>> {
    let select = standing_now(Kind::Dossier, &reader.scope, reader)?;
    reader.keys(Kind::Dossier, select, None).await
}

/// The records of a kind that stand, by key.
pub(super) fn standing_now(kind: Kind, scope: &Scope, reader: &Reader<'_>) -> Result<SelectStatement> {
    fn of<E: Record>(scope: &Scope, reader: &Reader<'_>) -> SelectStatement {
        let records =
            Records::<E> { filter: entity::filter::Filter::default(), sort: entity::page::Sort::new(Vec::new()) };
        records.select(scope, reader.as_of, reader.dossier)
    }
    Ok(match kind {
        Kind::Dossier => of::<entity::dossier::Entity>(scope, reader),
        Kind::Stakeholder => of::<entity::stakeholder::Entity>(scope, reader),
        Kind::Mechanism => of::<entity::mechanism::Entity>(scope, reader),
        Kind::Condition => of::<entity::condition::Entity>(scope, reader),
        Kind::Argument => of::<entity::argument::Entity>(scope, reader),
        Kind::Source => of::<entity::source::Entity>(scope, reader),
        Kind::Position => of::<entity::position::Entity>(scope, reader),
        Kind::Relation => of::<entity::relation::Entity>(scope, reader),
        Kind::Status => of::<entity::status::Entity>(scope, reader),
        Kind::Finding => of::<entity::finding::Entity>(scope, reader),
        Kind::Event => of::<entity::event::Entity>(scope, reader),
        Kind::Implication => of::<entity::implication::Entity>(scope, reader),
        Kind::Rating => of::<entity::rating::Entity>(scope, reader),
        Kind::Revision | Kind::Account | Kind::Session | Kind::AccessToken | Kind::AuditEntry => {
            return Err(Error::internal("they are no part of a dossier's file"));
        }
    })
}

/// Writes the records that a statement finds.
async fn lines(
    reader: &mut Reader<'_>,
    kind: Kind,
    select: SelectStatement,
    mut lines: Lines,
    outlet: Option<&Outlet>,
) -> Result<Lines> {
    let sheet = Sheet::of(kind);
    let reads = reads(reader, &sheet);
    lines.columns = Arc::from(sheet.columns);
    reader.read(kind, select, &reads, lines, outlet).await
}

/// Writes the lines that still wait for each other.
async fn end(mut lines: Lines, outlet: Option<&Outlet>) -> Result<(Text, Names)> {
    lines.rest();
    if let (Some(piece), Some(outlet)) = (lines.page.piece(), outlet) {
        outlet.send(piece).await?;
    }
    Ok((lines.page, lines.names))
}
