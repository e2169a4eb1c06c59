//! Standings: which of a stakeholder's positions on a mechanism counts. Derived by a named rule, never stored.
//!
//! A position taken on behalf of somebody is the standing of that principal, not of the speaker: a president who speaks for
//! a government states the government's position.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::NaiveDate;
use entity::filter::Filter;
use entity::kind::Kind;
use entity::moment::Moment;
use entity::position::{Column, Entity};
use entity::record::{AsOf, Record};
use entity::words::{DatePrecision, Marking, Stance};
use entity::{mechanism, stakeholder};
use futures_util::future::BoxFuture;
use sea_orm::{Condition, QueryFilter, QuerySelect};

use crate::domain::audit;
use crate::domain::date::PartialDate;
use crate::error::Result;
use crate::op::Op;
use crate::policy;

/// How to decide between several positions of one stakeholder on one mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The latest stated; of those, the more credible; of those, the latest recorded.
    #[default]
    Latest,
    /// The most credible; of those, the latest stated; of those, the latest recorded.
    MostCredible,
    /// The one in the middle by stance. Of an even number, the less extreme of the middle two; of those, the later stated.
    Median,
}

/// What a rule looks at of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The position.
    pub id: i64,
    /// Whose standing it bears on.
    pub principal: i64,
    /// On what.
    pub mechanism: i64,
    /// The stance.
    pub stance: Stance,
    /// When it was stated.
    pub on: PartialDate,
    /// Admiralty credibility; none counts as 6, cannot be judged.
    pub credibility: Option<i16>,
    /// When it was recorded.
    pub recorded_at: Moment,
    /// Who says so.
    pub source: i64,
}

/// Where a stakeholder stands on a mechanism.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In which dossier.
    pub dossier: i64,
    /// Who.
    pub stakeholder: i64,
    /// On what.
    pub mechanism: i64,
    /// The position that counts; none if no position is stated.
    pub verdict: Option<Verdict>,
}

/// The position that counts, and what speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its stance.
    pub stance: Stance,
    /// The position that counts.
    pub winner: i64,
    /// The others, latest stated first.
    pub beaten: Vec<i64>,
    /// How many sources say the same stance as the winner.
    pub sources: usize,
    /// Whether another source says of the same time that the stakeholder stands on another side.
    pub contested: bool,
}

/// How the stakeholders of a dossier stand on one mechanism.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Support {
    /// How many standings there are of each stance, from −2 to +2.
    pub tally: [u32; 5],
    /// How many stakeholders have no stated position.
    pub silent: u32,
    /// How many standings are contested.
    pub contested: u32,
}

impl Support {
    /// How many stakeholders have a stated position.
    pub fn stated(&self) -> u32 {
        self.tally.iter().sum()
    }

    /// The mean stance, −2 to +2; none where nobody has stated a position.
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.tally.iter().zip([-2.0, -1.0, 0.0, 1.0, 2.0]).map(|(n, score)| f64::from(*n) * score).sum();
        let stated = self.stated();
        (stated > 0).then(|| sum / f64::from(stated))
    }

    fn add(&mut self, verdict: &Verdict) {
        let place = usize::try_from(verdict.stance.score() + 2).unwrap_or(0);
        if let Some(count) = self.tally.get_mut(place) {
            *count += 1;
        }
        self.contested += u32::from(verdict.contested);
    }
}

/// Decides between the positions of one stakeholder on one mechanism. None if there are none.
pub fn decide(rule: Rule, mut stated: Vec<Stated>) -> Option<Verdict> {
    stated.sort_by_key(|s| Reverse((s.on.first, Reverse(credibility(s)), s.recorded_at, s.id)));
    let at = match rule {
        Rule::Latest => 0,
        Rule::MostCredible => {
            let best = stated.iter().map(credibility).min()?;
            stated.iter().position(|s| credibility(s) == best)?
        }
        Rule::Median => {
            let middle = median(&stated)?;
            stated.iter().position(|s| s.stance == middle)?
        }
    };
    if at >= stated.len() {
        return None;
    }
    let winner = stated.remove(at);
    let mut sources: Vec<i64> = stated.iter().filter(|s| s.stance == winner.stance).map(|s| s.source).collect();
    sources.push(winner.source);
    sources.sort_unstable();
    sources.dedup();
    Some(Verdict {
        stance: winner.stance,
        winner: winner.id,
        contested: stated.iter().any(|s| contests(s, &winner)),
        beaten: stated.iter().map(|s| s.id).collect(),
        sources: sources.len(),
    })
}

fn credibility(stated: &Stated) -> i16 {
    stated.credibility.unwrap_or(6)
}

/// `stated` is sorted, the latest first.
fn median(stated: &[Stated]) -> Option<Stance> {
    let mut stances: Vec<Stance> = stated.iter().map(|s| s.stance).collect();
    stances.sort_by_key(|stance| stance.score());
    let last = stances.len().checked_sub(1)?;
    let middle = [*stances.get(last / 2)?, *stances.get(last.div_ceil(2))?];
    let least = middle.iter().map(|stance| stance.score().abs()).min()?;
    stated.iter().map(|s| s.stance).find(|stance| middle.contains(stance) && stance.score().abs() == least)
}

/// Another source says of an overlapping time that the stakeholder stands on another side. A later change of mind is none.
fn contests(other: &Stated, winner: &Stated) -> bool {
    other.source != winner.source
        && other.stance.score().signum() != winner.stance.score().signum()
        && other.on.first <= winner.on.last()
        && winner.on.first <= other.on.last()
}

/// Which standings.
#[derive(Clone)]
pub struct Grid {
    /// The rule.
    pub rule: Rule,
    /// On record when, and held when.
    pub as_of: AsOf,
    /// Of these stakeholders.
    pub stakeholders: Filter<stakeholder::Entity>,
    /// On these mechanisms.
    pub mechanisms: Filter<mechanism::Entity>,
}

/// Whose standings are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// All of a dossier.
    Dossier(i64),
    /// Those of a stakeholder.
    Stakeholder(i64),
    /// Those on a mechanism.
    Mechanism(i64),
}

/// The same standings for each of several, in three statements whatever their number.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn grids<'a>(
    op: &'a Op,
    asked: &'a Grid,
    whose: &'a [Whose],
) -> BoxFuture<'a, Result<HashMap<Whose, Vec<Standing>>>> {
    Box::pin(async move {
        use entity::filter::Test;
        let (mut dossiers, mut stakeholders, mut mechanisms) = (Vec::new(), Vec::new(), Vec::new());
        for one in whose {
            match one {
                Whose::Dossier(id) => dossiers.push(*id),
                Whose::Stakeholder(id) => stakeholders.push(*id),
                Whose::Mechanism(id) => mechanisms.push(*id),
            }
        }
        let among = |ids: Vec<i64>| (!ids.is_empty()).then(|| Test { one_of: Some(ids), ..Test::default() });
        let mut grid_of = asked.clone();
        if let Some(test) = among(dossiers) {
            let of_dossier = Filter::column(mechanism::Column::DossierId, test.clone());
            grid_of.mechanisms = Filter::all([of_dossier, grid_of.mechanisms]);
            let of_dossier = Filter::column(stakeholder::Column::DossierId, test);
            grid_of.stakeholders = Filter::all([of_dossier, grid_of.stakeholders]);
        }
        if let Some(test) = among(stakeholders) {
            grid_of.stakeholders = Filter::all([Filter::column(stakeholder::Column::Id, test), grid_of.stakeholders]);
        }
        if let Some(test) = among(mechanisms) {
            grid_of.mechanisms = Filter::all([Filter::column(mechanism::Column::Id, test), grid_of.mechanisms]);
        }
        let mut found: HashMap<Whose, Vec<Standing>> = HashMap::new();
        for standing in grid(op, &grid_of).await? {
            let of = match whose.first() {
                Some(Whose::Stakeholder(_)) => Whose::Stakeholder(standing.stakeholder),
                Some(Whose::Mechanism(_)) => Whose::Mechanism(standing.mechanism),
                Some(Whose::Dossier(_)) | None => Whose::Dossier(standing.dossier),
            };
            found.entry(of).or_default().push(standing);
        }
        Ok(found)
    })
}

/// The standing of every stakeholder on every mechanism of its dossier, those without a stated position included; ordered
/// by mechanism, then by stakeholder.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
async fn grid(op: &Op, grid: &Grid) -> Result<Vec<Standing>> {
    let mechanisms = keys::<mechanism::Entity>(op, &grid.mechanisms, grid.as_of).await?;
    let stakeholders = keys::<stakeholder::Entity>(op, &grid.stakeholders, grid.as_of).await?;
    let filter = Filter::all([
        Filter::through(Column::MechanismId, grid.mechanisms.clone()),
        Filter::any([
            Filter::through(Column::StakeholderId, grid.stakeholders.clone()),
            Filter::through(Column::OnBehalfOfId, grid.stakeholders.clone()),
        ]),
    ]);
    let mut cells = by_cell(stated(op, &filter, grid.as_of).await?);
    let mut standings = Vec::with_capacity(mechanisms.len() * stakeholders.len() / 4);
    for (mechanism, dossier) in &mechanisms {
        for (stakeholder, _) in stakeholders.iter().filter(|(_, of)| of == dossier) {
            let verdict = cells.remove(&(*mechanism, *stakeholder)).and_then(|stated| decide(grid.rule, stated));
            standings.push(Standing { dossier: *dossier, stakeholder: *stakeholder, mechanism: *mechanism, verdict });
        }
    }
    Ok(standings)
}

/// How the stakeholders of the dossier stand on each of these mechanisms, in three statements whatever their number.
///
/// # Errors
/// [`crate::error::Error::Unauthenticated`] for the anonymous actor.
pub fn support<'a>(
    op: &'a Op,
    rule: Rule,
    as_of: AsOf,
    mechanisms: &'a [i64],
) -> BoxFuture<'a, Result<HashMap<i64, Support>>> {
    Box::pin(async move {
        use entity::filter::Test;
        let those = Test { one_of: Some(mechanisms.to_vec()), ..Test::default() };
        let mechanisms =
            keys::<mechanism::Entity>(op, &Filter::column(mechanism::Column::Id, those.clone()), as_of).await?;
        let of_dossiers =
            Test { one_of: Some(mechanisms.iter().map(|(_, dossier)| *dossier).collect()), ..Test::default() };
        let filter = Filter::column(stakeholder::Column::DossierId, of_dossiers);
        let mut stakeholders: HashMap<i64, u32> = HashMap::new();
        for (_, dossier) in keys::<stakeholder::Entity>(op, &filter, as_of).await? {
            *stakeholders.entry(dossier).or_default() += 1;
        }
        let mut support: HashMap<i64, Support> = HashMap::new();
        let cells = by_cell(stated(op, &Filter::column(Column::MechanismId, those), as_of).await?);
        for ((mechanism, _), stated) in cells {
            if let Some(verdict) = decide(rule, stated) {
                support.entry(mechanism).or_default().add(&verdict);
            }
        }
        for (mechanism, dossier) in mechanisms {
            let support = support.entry(mechanism).or_default();
            support.silent = stakeholders.get(&dossier).copied().unwrap_or(0).saturating_sub(support.stated());
        }
        Ok(support)
    })
}

fn by_cell(stated: Vec<Stated>) -> HashMap<(i64, i64), Vec<Stated>> {
    let mut cells: HashMap<(i64, i64), Vec<Stated>> = HashMap::new();
    for position in stated {
        cells.entry((position.mechanism, position.principal)).or_default().push(position);
    }
    cells
}

/// The keys and dossiers of the records that one may see, by key.
async fn keys<E: Record>(op: &Op, filter: &Filter<E>, as_of: AsOf) -> Result<Vec<(i64, i64)>> {
    use sea_orm::QueryOrder;
    let scope = policy::scope(op)?;
    let select = E::scoped_at(&scope, as_of.recorded).filter(E::at(as_of)).filter(filter.condition(&scope, as_of));
    let rows = select
        .select_only()
        .column_as(E::ID, "id")
        .column_as(E::DOSSIER, "dossier")
        .order_by_asc(E::ID)
        .into_tuple()
        .all(&op.lane)
        .await?;
    Ok(rows)
}

/// What of a position is looked at to know where its principal stands.
pub const COLUMNS: [Column; 10] = [
    Column::Id,
    Column::StakeholderId,
    Column::OnBehalfOfId,
    Column::MechanismId,
    Column::Stance,
    Column::StatedOn,
    Column::StatedPrecision,
    Column::Credibility,
    Column::RecordedAt,
    Column::SourceId,
];

type Row = (i64, i64, Option<i64>, i64, Stance, NaiveDate, DatePrecision, Option<i16>, Moment, i64, i64, Marking);

async fn stated(op: &Op, filter: &Filter<Entity>, as_of: AsOf) -> Result<Vec<Stated>> {
    let scope = policy::scope(op)?;
    // A principal or a mechanism that one may not see has no standing that one could see.
    let visible = Condition::all().add(
        Filter::<Entity>::through(Column::MechanismId, Filter::<mechanism::Entity>::default()).condition(&scope, as_of),
    );
    let rows: Vec<Row> = Entity::scoped(&scope)
        .filter(Entity::at(as_of))
        .filter(filter.condition(&scope, as_of))
        .filter(visible)
        .select_only()
        .columns(COLUMNS)
        .columns([Column::DossierId, Column::Marking])
        .into_tuple()
        .all(&op.lane)
        .await?;
    let read = |row: Row| {
        let (
            id,
            speaker,
            principal,
            mechanism,
            stance,
            on,
            precision,
            credibility,
            recorded_at,
            source,
            dossier,
            marking,
        ) = row;
        audit::read_one(op, dossier, marking, Kind::Position, id);
        Stated {
            id,
            principal: principal.unwrap_or(speaker),
            mechanism,
            stance,
            on: PartialDate::new(on, precision),
            credibility,
            recorded_at,
            source,
        }
    };
    Ok(rows.into_iter().map(read).collect())
}
