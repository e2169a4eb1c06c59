//! Events in GraphQL.

use std::ops::Deref;

use crate::many::Many;
use crate::seen::Seen;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, MergedObject, Object, SimpleObject};
use entity::event::{Column, Entity, Model};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::AsOf;

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{FilterInput, OrderedComparison, StringComparison, Terms};
use crate::list::{Listed, list_field};
use crate::loader;
use crate::mechanism::Mechanism;
use crate::mutation;
use crate::scalar::Date;
use crate::stakeholder::Stakeholder;
use crate::word::{self, DatePrecision};
use demarche_core::domain::event as domain_event;
use demarche_core::domain::event::Draft;
use demarche_core::domain::reference::Several;
use demarche_core::error::Problems;

/// Something that happened: a deployment, a seizure, an arrest, a summit.
#[derive(MergedObject)]
pub struct Event(Lineage<Entity>, AssertionFields, EventFields);

impl From<Seen<Model>> for Event {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, EventFields(model))
    }
}

impl Deref for Event {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of an event's own.
pub struct EventFields(Seen<Model>);

/// The fields of an event's own.
#[Object]
impl EventFields {
    /// What happened, in a line.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What happened.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The mechanism that it is a step of; null if of none.
    async fn mechanism(&self, ctx: &Context<'_>) -> Result<Option<Mechanism>> {
        let Some(id) = self.0.mechanism_id else { return Ok(None) };
        Ok(loader::load::<entity::mechanism::Entity>(ctx, id, self.0.at()).await?.map(Mechanism::from))
    }

    /// Who had a part in it, and which.
    async fn actors(&self, ctx: &Context<'_>) -> Result<Many<EventActor>> {
        let actors = loader::actors(ctx, self.0.anchor(self.0.id)).await?;
        Ok(actors
            .iter()
            .map(|actor| EventActor { stakeholder: actor.stakeholder, at: self.0.at(), role: actor.role.into() })
            .collect())
    }

    /// How much conflict (−10) or cooperation (+10) there is in it: the Goldstein scale.
    async fn tension(&self) -> Option<f64> {
        self.0.tension
    }
}

list_field! {
    /// Events: what happened, and who took part.
    Events, events, Entity, Event, EventFilter, EventOrderField
}

/// What events can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum EventOrderField {
    /// What happened, byte by byte.
    Title,
    /// How much conflict or cooperation there is in it.
    Tension,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Event;
    type Filter = EventFilter;
    type OrderField = EventOrderField;

    fn column(field: EventOrderField) -> Column {
        match field {
            EventOrderField::Title => Column::Title,
            EventOrderField::Tension => Column::Tension,
            EventOrderField::OccurredOn => Column::OccurredOn,
            EventOrderField::RecordedAt => Column::RecordedAt,
            EventOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which events: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct EventFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// What happened, in a line.
    pub title: Option<StringComparison>,
    /// What happened.
    pub description: Option<StringComparison>,
    /// The mechanism that it is a step of.
    pub mechanism: Option<Box<super::mechanism::MechanismFilter>>,
    /// At least one stakeholder that had a part in it.
    pub actors: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// How much conflict or cooperation there is in it, −10 to +10.
    pub tension: Option<OrderedComparison<f64>>,
    /// All of these hold.
    pub and: Option<Vec<EventFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<EventFilter>>,
    /// This does not hold.
    pub not: Option<Box<EventFilter>>,
}

impl FilterInput for EventFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self { assertion, title, description, mechanism, actors, tension, and, or, not } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Event, assertion);
        terms.test::<_, String>(Column::Title, title);
        terms.test::<_, String>(Column::Description, description);
        terms.through(Column::MechanismId, mechanism.map(|filter| *filter))?;
        if let Some(actors) = actors {
            let actors = actors.filter()?;
            terms.add(Some(Filter::linked::<entity::event_actor::Entity, entity::stakeholder::Entity>(
                Column::Id,
                entity::event_actor::Column::EventId,
                entity::event_actor::Column::StakeholderId,
                sea_orm::Condition::all(),
                actors,
            )));
        }
        terms.test::<_, f64>(Column::Tension, tension);
        terms.finish(and, or, not)
    }
}

/// To record an event.
#[derive(Clone, Debug, InputObject)]
pub struct RecordEventInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// What happened, in a line.
    title: String,
    /// What happened.
    description: Option<String>,
    /// The mechanism that it is a step of.
    mechanism: Option<ID>,
    /// Who had a part in it, and which.
    actors: Option<Vec<EventActorInput>>,
    /// How much conflict (−10) or cooperation (+10) there is in it (Goldstein scale).
    tension: Option<f64>,
}

impl RecordEventInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self { evidence, occurred_on, occurred_on_precision, title, description, mechanism, actors, tension } =
            self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            title,
            description,
            mechanism: mechanism.map(|id| problems.key("mechanism", Kind::Mechanism, &id)),
            actors: read_actors(actors.unwrap_or_default(), problems),
            tension,
        }
    }
}

/// To correct an event: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeEventInput {
    /// The event to be corrected.
    id: ID,
    /// The corrected event, in full.
    replacement: RecordEventInput,
}

payload! {
    /// What came of recording or correcting an event.
    EventPayload {
        /// The new event; null if it was refused.
        event: Event
    }
}

/// Mutations on events.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventMutation;

/// Mutations on events.
#[Object]
impl EventMutation {
    /// Records an event.
    async fn record_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordEventInput,
    ) -> Result<EventPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces an event by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_event(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeEventInput,
    ) -> Result<EventPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Event, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}

/// A stakeholder's part in an event.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct EventActor {
    #[graphql(skip)]
    stakeholder: i64,
    #[graphql(skip)]
    at: Option<AsOf>,
    /// Which part.
    role: word::EventRole,
}

/// A stakeholder's part in an event.
#[ComplexObject]
impl EventActor {
    /// Who had the part.
    async fn stakeholder(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.stakeholder, self.at).await?.into())
    }
}

/// A stakeholder's part in an event.
#[derive(Clone, Debug, InputObject)]
pub struct EventActorInput {
    /// Who had the part.
    stakeholder: ID,
    /// Which part.
    role: word::EventRole,
}

fn read_actors(actors: Vec<EventActorInput>, problems: &mut Problems) -> Several<domain_event::Actor> {
    let read = |(n, actor): (usize, EventActorInput)| domain_event::Actor {
        stakeholder: problems.key(&format!("actors.{n}.stakeholder"), Kind::Stakeholder, &actor.stakeholder),
        role: actor.role.into(),
    };
    actors.into_iter().enumerate().map(read).collect::<Vec<_>>().into()
}
