//! Standings and support in GraphQL.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object};
use entity::filter::Filter;
use entity::record::AsOf;
use entity::{mechanism, stakeholder};
use sea_orm::Value;

use crate::connection::{Connection, Slice, read_cursor, write_cursor};
use crate::error::Result;
use crate::filter::{FilterInput, OrderedComparison};
use crate::list::{AsOfInput, question};
use crate::loader::{self, StandingsOf};
use crate::many::Many;
use crate::mechanism::{Mechanism, MechanismFilter};
use crate::position::Position;
use crate::seen::Anchor;
use crate::stakeholder::{Stakeholder, StakeholderFilter};
use crate::word::Stance;
pub use demarche_core::domain::standing::Whose;
use demarche_core::domain::standing::{self, Grid, Rule, Verdict};

/// How to decide between several positions of one stakeholder on one mechanism: a standing is derived by a rule that you
/// name, never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "Rule")]
pub enum StandingRule {
    /// The latest stated; of those, the more credible; of those, the latest recorded.
    #[default]
    Latest,
    /// The most credible; of those, the latest stated; of those, the latest recorded.
    MostCredible,
    /// The one in the middle by stance. Of an even number, the less extreme of the middle two; of those, the later stated.
    Median,
}

/// Where a stakeholder stands on a mechanism. That no position is stated is an answer too.
pub struct Standing(standing::Standing, Option<AsOf>);

/// Where a stakeholder stands on a mechanism. That no position is stated is an answer too.
#[Object]
impl Standing {
    /// Who.
    async fn stakeholder(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<stakeholder::Entity>(ctx, self.0.stakeholder, self.1).await?.into())
    }

    /// On what.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Mechanism> {
        Ok(loader::require::<mechanism::Entity>(ctx, self.0.mechanism, self.1).await?.into())
    }

    /// Where; null if no position is stated.
    async fn stance(&self) -> Option<Stance> {
        self.verdict().map(|verdict| verdict.stance.into())
    }

    /// The position that counts, by the rule; null if none is stated.
    async fn position(&self, ctx: &Context<'_>) -> Result<Option<Position>> {
        let Some(verdict) = self.verdict() else { return Ok(None) };
        Ok(loader::load::<entity::position::Entity>(ctx, verdict.winner, self.1).await?.map(Position::from))
    }

    /// The positions that do not count, by the rule, the latest stated first.
    async fn beaten(&self, ctx: &Context<'_>) -> Result<Many<Position>> {
        let mut positions = Vec::new();
        for id in self.verdict().into_iter().flat_map(|verdict| &verdict.beaten) {
            positions.extend(loader::load::<entity::position::Entity>(ctx, *id, self.1).await?.map(Position::from));
        }
        Ok(Many(positions))
    }

    /// How many independent sources say the stance that counts: corroboration is counted, not typed in.
    async fn source_count(&self) -> usize {
        self.verdict().map_or(0, |verdict| verdict.sources)
    }

    /// Whether another source says of the same time that the stakeholder is on another side. A change of mind is none.
    async fn contested(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.contested)
    }
}

impl Standing {
    const fn verdict(&self) -> Option<&Verdict> {
        self.0.verdict.as_ref()
    }
}

/// How many stakeholders stand where on a mechanism, by a named rule.
pub struct Support(Arc<standing::Support>);

/// How many stakeholders stand where on a mechanism, by a named rule.
#[Object]
impl Support {
    /// How many strongly oppose it.
    async fn strongly_oppose(&self) -> u32 {
        self.count(0)
    }

    /// How many oppose it.
    async fn oppose(&self) -> u32 {
        self.count(1)
    }

    /// How many abstain or say both.
    async fn neutral(&self) -> u32 {
        self.count(2)
    }

    /// How many support it.
    async fn support(&self) -> u32 {
        self.count(3)
    }

    /// How many strongly support it.
    async fn strongly_support(&self) -> u32 {
        self.count(4)
    }

    /// How many have a stated position.
    async fn stated(&self) -> u32 {
        self.0.stated()
    }

    /// How many stakeholders of the dossier have no stated position.
    async fn no_position(&self) -> u32 {
        self.0.silent
    }

    /// How many standings are contested.
    async fn contested(&self) -> u32 {
        self.0.contested
    }

    /// The mean stance, −2 to +2; null where nobody has stated a position.
    async fn mean(&self) -> Option<f64> {
        self.0.mean()
    }
}

impl Support {
    fn count(&self, place: usize) -> u32 {
        self.0.tally.get(place).copied().unwrap_or(0)
    }
}

/// The support of a mechanism.
pub async fn support(
    ctx: &Context<'_>,
    mechanism: Anchor,
    rule: StandingRule,
    as_of: Option<AsOfInput>,
) -> Result<Support> {
    let (as_of, _) = AsOfInput::read(as_of, mechanism.at, loader::op(ctx)?);
    loader::support(ctx, mechanism.id, rule.into(), as_of).await.map(Support)
}

/// Which standings: all that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StandingFilter {
    /// Where the stakeholder stands. `isNull: true` finds those without a stated position, `isNull: false` those with one.
    pub stance: Option<OrderedComparison<Stance>>,
    /// Whether another source says of the same time that the stakeholder is on another side.
    pub contested: Option<bool>,
    /// Whose standing.
    pub stakeholder: Option<StakeholderFilter>,
    /// On what.
    pub mechanism: Option<MechanismFilter>,
}

/// What is asked of a standing itself.
pub struct VerdictTest {
    stance: Option<OrderedComparison<Stance>>,
    contested: Option<bool>,
}

impl VerdictTest {
    /// Whether a standing passes.
    pub fn passes(&self, verdict: Option<&Verdict>) -> bool {
        self.stance.as_ref().is_none_or(|test| passes(test, verdict.map(|verdict| verdict.stance.into())))
            && self.contested.is_none_or(|wanted| verdict.is_some_and(|verdict| verdict.contested) == wanted)
    }
}

impl StandingFilter {
    /// Of whom, on what, and what is asked of the standing itself.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if an id in it cannot be read.
    pub fn read(self) -> Result<(Filter<stakeholder::Entity>, Filter<mechanism::Entity>, VerdictTest)> {
        let Self { stance, contested, stakeholder, mechanism } = self;
        let stakeholders = stakeholder.map(FilterInput::filter).transpose()?.unwrap_or_default();
        let mechanisms = mechanism.map(FilterInput::filter).transpose()?.unwrap_or_default();
        Ok((stakeholders, mechanisms, VerdictTest { stance, contested }))
    }
}

const LIST: &str = "standing";

/// A page of standings of somebody or on something, which is shown as of a time.
pub async fn connection(
    ctx: &Context<'_>,
    whose: Whose,
    at: Option<AsOf>,
    rule: StandingRule,
    slice: Slice,
    filter: Option<StandingFilter>,
    as_of: Option<AsOfInput>,
) -> Result<Connection<Standing>> {
    let (size, backward) = slice.size()?;
    let op = loader::op(ctx)?;
    let (stakeholders, mechanisms, test) = filter.unwrap_or_default().read()?;
    let (as_of, below) = AsOfInput::read(as_of, at, op);
    let grid = Grid { rule: rule.into(), as_of, stakeholders, mechanisms };
    let of = match whose {
        Whose::Dossier(_) => "dossier",
        Whose::Stakeholder(_) => "stakeholder",
        Whose::Mechanism(_) => "mechanism",
    };
    let standings = StandingsOf { whose, question: question(ctx, of, at)?, grid: Arc::new(grid) };
    let standings = loader::standings(ctx, standings).await?;
    let mut standings = Arc::unwrap_or_clone(standings);
    standings.retain(|standing| test.passes(standing.verdict.as_ref()));
    page(standings, below, &slice, size, backward)
}

fn passes(test: &OrderedComparison<Stance>, stance: Option<Stance>) -> bool {
    let score = |stance: &Stance| entity::words::Stance::from(*stance).score();
    let OrderedComparison { eq, ne, r#in, not_in, gt, gte, lt, lte, is_null } = test;
    let is = |other: &Stance| stance == Some(*other);
    let compares = |bound: &Option<Stance>, holds: fn(i16, i16) -> bool| {
        bound.as_ref().is_none_or(|bound| stance.as_ref().is_some_and(|stance| holds(score(stance), score(bound))))
    };
    eq.as_ref().is_none_or(is)
        && ne.as_ref().is_none_or(|other| !is(other))
        && r#in.as_ref().is_none_or(|any| any.iter().any(is))
        && not_in.as_ref().is_none_or(|none| !none.iter().any(is))
        && compares(gt, |a, b| a > b)
        && compares(gte, |a, b| a >= b)
        && compares(lt, |a, b| a < b)
        && compares(lte, |a, b| a <= b)
        && is_null.is_none_or(|null| stance.is_none() == null)
}

/// Cuts the page out of all standings, which are ordered by mechanism, then by stakeholder.
fn page(
    standings: Vec<standing::Standing>,
    at: Option<AsOf>,
    slice: &Slice,
    size: u64,
    backward: bool,
) -> Result<Connection<Standing>> {
    let place = |name: &str, cursor: &Option<String>| {
        cursor
            .as_deref()
            .map(|cursor| read_cursor(name, cursor, LIST, |place| place.len() == 2).map(|parts| key(&parts)))
            .transpose()
    };
    let (after, before) = (place("after", &slice.after)?, place("before", &slice.before)?);
    let total = u64::try_from(standings.len()).ok();
    let spot = |standing: &standing::Standing| (standing.mechanism, standing.stakeholder);
    let mut rows: Vec<standing::Standing> = standings
        .into_iter()
        .filter(|s| after.is_none_or(|after| spot(s) > after) && before.is_none_or(|before| spot(s) < before))
        .collect();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    if backward {
        rows.drain(..rows.len().saturating_sub(size));
    } else {
        rows.truncate(size);
    }
    let cursor = |s: &standing::Standing| write_cursor(LIST, vec![s.mechanism.into(), s.stakeholder.into()]);
    let edges = rows.into_iter().map(|standing| (cursor(&standing), Standing(standing, at))).collect();
    Ok(Connection::new(edges, slice, more, total))
}

fn key(parts: &[Value]) -> (i64, i64) {
    let part = |n: usize| match parts.get(n) {
        Some(Value::BigInt(Some(key))) => *key,
        _ => 0,
    };
    (part(0), part(1))
}
