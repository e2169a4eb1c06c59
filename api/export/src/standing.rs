//! Standings: one row for each stakeholder and mechanism, reckoned mechanism by mechanism while the positions come in that
//! order, so that memory holds the positions on one mechanism and not those on all. For the audit log, what leaves are the
//! positions that they were reckoned from.

use std::collections::HashMap;
use std::sync::Arc;

use entity::change::Place;
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::position::{Column, Entity};
use entity::record::Record;
use entity::words::{DatePrecision, Stance};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ActiveEnum, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::pair::Pairs;
use super::select::Reader;
use demarche_core::domain::change::Listener;
use demarche_core::domain::date::PartialDate;
use demarche_core::domain::export::{Holds, Records, Standings, Subject};
use demarche_core::domain::standing::{self, Rule, Stated, Verdict, decide};
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::{Cell, Each, Outlet, Row, Shape, Taker};

/// One standing.
pub(super) struct Standing<'a> {
    pub(super) dossier: i64,
    pub(super) stakeholder: i64,
    pub(super) mechanism: i64,
    pub(super) verdict: Option<&'a Verdict>,
}

/// Takes standings, and makes bytes of them.
pub(super) trait StandingTaker: Send + 'static {
    /// Takes one.
    fn take(&mut self, standing: &Standing<'_>) -> Result<()>;
    /// What is to be handed on, if it is enough.
    fn piece(&mut self) -> Result<Option<Vec<u8>>>;
    /// Says that a standing has changed and is not what is asked for.
    fn gone(&mut self, stakeholder: i64, mechanism: i64);
    /// Says what became of a record that standings are of, or of what one may see.
    fn tell(&mut self, action: &str, kind: Kind, id: i64);
}

/// Gives all standings to a taker, ordered by mechanism, then by stakeholder; or those that have changed after a place.
///
/// # Errors
/// If the database fails, or the taker ends it.
pub(super) async fn give<T: StandingTaker>(
    standings: &Standings,
    reader: &mut Reader<'_>,
    since: Option<(&Listener, Place)>,
    mut taker: T,
    outlet: Option<&Outlet>,
) -> Result<T> {
    let mut mechanisms = keys(reader, standings.mechanisms.clone()).await?;
    let mut stakeholders: HashMap<i64, Vec<i64>> = HashMap::new();
    for (id, dossier) in keys(reader, standings.stakeholders.clone()).await? {
        stakeholders.entry(dossier).or_default().push(id);
    }
    let mut pairs = Pairs::everything();
    if let Some((listener, since)) = since {
        let there = mechanisms.iter().map(|(id, _)| id).chain(stakeholders.values().flatten()).copied().collect();
        let told;
        (pairs, told) = Pairs::changed(reader, listener, since, &there).await?;
        told.iter().for_each(|(action, kind, id)| taker.tell(action, *kind, *id));
        mechanisms.retain(|(id, _)| pairs.may_have(*id));
    }
    let select = positions(standings, reader, pairs.positions());
    let grid = Grid {
        rule: standings.rule,
        holds: Arc::clone(&standings.holds),
        mechanisms: mechanisms.into_iter(),
        stakeholders,
        current: None,
        stated: HashMap::new(),
        pairs,
        taker,
    };
    let stored = |name| (name == "id").then_some(0);
    let mut grid = reader.read_noting(Kind::Position, select, SHAPES.to_vec(), stored, grid, outlet).await?;
    while grid.step()? {
        if let (Some(piece), Some(outlet)) = (grid.taker.piece()?, outlet) {
            outlet.send(piece).await?;
        }
    }
    Ok(grid.taker)
}

/// The positions that they are reckoned from, as far as these are wanted.
fn positions(standings: &Standings, reader: &Reader<'_>, wanted: Filter<Entity>) -> SelectStatement {
    let Reader { scope, dossier, as_of, .. } = reader;
    let filter = Filter::<Entity>::all([
        wanted,
        Filter::through(Column::MechanismId, standings.mechanisms.clone()),
        Filter::any([
            Filter::through(Column::StakeholderId, standings.stakeholders.clone()),
            Filter::through(Column::OnBehalfOfId, standings.stakeholders.clone()),
        ]),
    ]);
    let only = dossier.map(|dossier| Filter::<Entity>::equal(Column::DossierId, dossier));
    let filter = Filter::all(only.into_iter().chain([filter]));
    Entity::scoped(scope)
        .filter(Entity::at(*as_of))
        .filter(filter.condition(scope, *as_of))
        .select_only()
        .columns(standing::COLUMNS)
        .order_by_asc(Column::MechanismId)
        .into_query()
}

/// Of [`standing::COLUMNS`].
const SHAPES: [Shape; 10] = [
    Shape::Integer,
    Shape::Integer,
    Shape::Integer,
    Shape::Integer,
    Shape::Integer,
    Shape::Date,
    Shape::Text,
    Shape::Integer,
    Shape::Integer,
    Shape::Integer,
];

/// The keys of records and of their dossiers, by key.
async fn keys<E: Record>(reader: &mut Reader<'_>, filter: Filter<E>) -> Result<Vec<(i64, i64)>> {
    let records = Records { filter, sort: entity::page::Sort::new(Vec::new()) };
    let mut select = records.select(&reader.scope, reader.as_of, reader.dossier);
    select.expr(sea_orm::ColumnTrait::into_expr(E::ID)).expr(sea_orm::ColumnTrait::into_expr(E::DOSSIER));
    let found = Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = Arc::clone(&found);
    let each = Each(move |row: Row<'_>| {
        let pair = (required(row, 0)?, required(row, 1)?);
        into.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(pair);
        Ok(())
    });
    reader.snapshot.read(&select, vec![Shape::Integer, Shape::Integer], each, None).await?;
    let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(std::mem::take(&mut found))
}

fn required(row: Row<'_>, column: usize) -> Result<i64> {
    row.cell(column)?.integer().ok_or_else(|| Error::internal("a key has no value"))
}

struct Grid<T> {
    rule: Rule,
    holds: Arc<Holds>,
    /// Those whose turn has not come.
    mechanisms: std::vec::IntoIter<(i64, i64)>,
    /// By dossier.
    stakeholders: HashMap<i64, Vec<i64>>,
    /// The mechanism whose positions come now, and its dossier.
    current: Option<(i64, i64)>,
    stated: HashMap<i64, Vec<Stated>>,
    /// Those that are wanted.
    pairs: Pairs,
    taker: T,
}

impl<T: StandingTaker> Grid<T> {
    /// Gives the standings on the current mechanism, and goes on to the next; false if there is none.
    fn step(&mut self) -> Result<bool> {
        if let Some((mechanism, dossier)) = self.current {
            for stakeholder in self.stakeholders.get(&dossier).into_iter().flatten() {
                if !self.pairs.has(*stakeholder, mechanism) {
                    continue;
                }
                let verdict = self.stated.remove(stakeholder).and_then(|stated| decide(self.rule, stated));
                if (self.holds)(verdict.as_ref()) {
                    let standing =
                        Standing { dossier, stakeholder: *stakeholder, mechanism, verdict: verdict.as_ref() };
                    self.taker.take(&standing)?;
                } else if self.pairs.is_changed(*stakeholder, mechanism) {
                    self.taker.gone(*stakeholder, mechanism);
                }
            }
            self.stated.clear();
        }
        self.current = self.mechanisms.next();
        Ok(self.current.is_some())
    }
}

impl<T: StandingTaker> Taker for Grid<T> {
    fn take(&mut self, row: Row<'_>) -> Result<Option<Vec<u8>>> {
        let stated = read(row)?;
        let mut stepped = false;
        while self.current.is_none_or(|(mechanism, _)| mechanism < stated.mechanism) {
            stepped = true;
            if !self.step()? {
                break;
            }
        }
        if self.current.is_some_and(|(mechanism, _)| mechanism == stated.mechanism) {
            self.stated.entry(stated.principal).or_default().push(stated);
        }
        if stepped { self.taker.piece() } else { Ok(None) }
    }
}

fn read(row: Row<'_>) -> Result<Stated> {
    let wrong = || Error::internal("a position is not what was asked for");
    let score = i16::try_from(required(row, 4)?).map_err(Error::internal)?;
    let Cell::Date(day) = row.cell(5)? else { return Err(wrong()) };
    let Cell::Text(precision) = row.cell(6)? else { return Err(wrong()) };
    let precision = DatePrecision::try_from_value(&precision.to_owned())?;
    Ok(Stated {
        id: required(row, 0)?,
        principal: row.cell(2)?.integer().map_or_else(|| required(row, 1), Ok)?,
        mechanism: required(row, 3)?,
        stance: Stance::try_from_value(&score)?,
        on: PartialDate::new(day, precision),
        credibility: row.cell(7)?.integer().and_then(|credibility| i16::try_from(credibility).ok()),
        recorded_at: Moment(required(row, 8)?),
        source: required(row, 9)?,
    })
}

/// What the column of a name says of a standing. `beaten` are the keys of the positions that do not count.
fn cell<'a>(standing: &Standing<'_>, name: &str, beaten: &'a str) -> Cell<'a> {
    let Standing { dossier, stakeholder, mechanism, verdict } = standing;
    let sources = verdict.map_or(0, |verdict| verdict.sources);
    match name {
        "dossier" => Cell::Integer(*dossier),
        "stakeholder" => Cell::Integer(*stakeholder),
        "mechanism" => Cell::Integer(*mechanism),
        "stance" => verdict.map_or(Cell::Null, |verdict| Cell::Integer(verdict.stance.score().into())),
        "position" => verdict.map_or(Cell::Null, |verdict| Cell::Integer(verdict.winner)),
        "beaten" if beaten.is_empty() => Cell::Null,
        "beaten" => Cell::Text(beaten),
        "sourceCount" => Cell::Integer(i64::try_from(sources).unwrap_or(i64::MAX)),
        "contested" => Cell::Flag(verdict.is_some_and(|verdict| verdict.contested)),
        _ => Cell::Null,
    }
}

impl StandingTaker for super::table::Writer {
    fn take(&mut self, standing: &Standing<'_>) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let beaten = standing.verdict.map(|verdict| verdict.beaten.as_slice()).unwrap_or_default();
        let beaten: Vec<String> = beaten.iter().map(i64::to_string).collect();
        let beaten = beaten.join(" ");
        let cells: Vec<Cell<'_>> = plan.reads.iter().map(|read| cell(standing, read.name, &beaten)).collect();
        self.row(Row(&cells))
    }

    fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(Self::piece(self))
    }

    fn gone(&mut self, stakeholder: i64, mechanism: i64) {
        Self::gone(self, stakeholder, mechanism);
    }

    fn tell(&mut self, action: &str, kind: Kind, id: i64) {
        Self::tell(self, action, kind, id);
    }
}
