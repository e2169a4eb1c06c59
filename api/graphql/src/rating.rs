//! Ratings in GraphQL.

use std::ops::Deref;

use crate::seen::Seen;
use async_graphql::{Context, Enum, ID, InputObject, MergedObject, Object};
use entity::filter::Filter;
use entity::kind::Kind;
use entity::rating::{Column, Entity, Model};

use crate::assertion::{AssertionFields, AssertionFilter, EvidenceInput, Lineage, assertion_terms, small};
use crate::error::{ReadIds, Result, payload};
use crate::filter::{BooleanComparison, FilterInput, OrderedComparison, StringComparison, Terms};
use crate::list::{Listed, list_field};
use crate::loader;
use demarche_core::domain::rating::Draft;
use demarche_core::error::Problems;

use crate::mutation;
use crate::scalar::Date;
use crate::stakeholder::Stakeholder;
use crate::word::DatePrecision;

/// How much a stakeholder can and wants to do in the dossier, at a date: influence and interest (Mendelow's grid),
/// salience, and the attributes of Mitchell, Agle and Wood.
#[derive(MergedObject)]
pub struct Rating(Lineage<Entity>, AssertionFields, RatingFields);

impl From<Seen<Model>> for Rating {
    fn from(model: Seen<Model>) -> Self {
        let assertion = AssertionFields::of::<Entity>(&model);
        Self(assertion.lineage(), assertion, RatingFields(model))
    }
}

impl Deref for Rating {
    type Target = AssertionFields;

    fn deref(&self) -> &AssertionFields {
        &self.1
    }
}

/// The fields of a rating's own.
pub struct RatingFields(Seen<Model>);

/// The fields of a rating's own.
#[Object]
impl RatingFields {
    /// Who is rated.
    async fn stakeholder(&self, ctx: &Context<'_>) -> Result<Stakeholder> {
        Ok(loader::require::<entity::stakeholder::Entity>(ctx, self.0.stakeholder_id, self.0.at()).await?.into())
    }

    /// How much it can change the outcome, 0 to 100.
    async fn influence(&self) -> Option<i32> {
        self.0.influence.map(i32::from)
    }

    /// How much the outcome changes for it, 0 to 100.
    async fn interest(&self) -> Option<i32> {
        self.0.interest.map(i32::from)
    }

    /// How much it puts the question first, 0 to 100.
    async fn salience(&self) -> Option<i32> {
        self.0.salience.map(i32::from)
    }

    /// Whether it can impose its will.
    async fn power(&self) -> Option<bool> {
        self.0.power
    }

    /// Whether its claim is held to be proper.
    async fn legitimacy(&self) -> Option<bool> {
        self.0.legitimacy
    }

    /// Whether its claim calls for immediate attention.
    async fn urgency(&self) -> Option<bool> {
        self.0.urgency
    }

    /// What there is to say of it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

list_field! {
    /// Ratings: stakeholders' influence, interest and salience.
    Ratings, ratings, Entity, Rating, RatingFilter, RatingOrderField
}

/// What ratings can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RatingOrderField {
    /// How much it can change the outcome.
    Influence,
    /// How much the outcome changes for it.
    Interest,
    /// How much it puts the question first.
    Salience,
    /// When it happened or was said.
    OccurredOn,
    /// When it was recorded.
    RecordedAt,
    /// The credibility of the information, the most credible first.
    Credibility,
}

impl Listed for Entity {
    type Node = Rating;
    type Filter = RatingFilter;
    type OrderField = RatingOrderField;

    fn column(field: RatingOrderField) -> Column {
        match field {
            RatingOrderField::Influence => Column::Influence,
            RatingOrderField::Interest => Column::Interest,
            RatingOrderField::Salience => Column::Salience,
            RatingOrderField::OccurredOn => Column::OccurredOn,
            RatingOrderField::RecordedAt => Column::RecordedAt,
            RatingOrderField::Credibility => Column::Credibility,
        }
    }
}

/// Which ratings: all that is given must hold. Nests through relations, and composes.
#[derive(Clone, Debug, InputObject)]
pub struct RatingFilter {
    #[graphql(flatten)]
    assertion: AssertionFilter,
    /// Who is rated.
    pub stakeholder: Option<Box<super::stakeholder::StakeholderFilter>>,
    /// How much it can change the outcome.
    pub influence: Option<OrderedComparison<i32>>,
    /// How much the outcome changes for it.
    pub interest: Option<OrderedComparison<i32>>,
    /// How much it puts the question first.
    pub salience: Option<OrderedComparison<i32>>,
    /// Whether it can impose its will.
    pub power: Option<BooleanComparison>,
    /// Whether its claim is held to be proper.
    pub legitimacy: Option<BooleanComparison>,
    /// Whether its claim calls for immediate attention.
    pub urgency: Option<BooleanComparison>,
    /// What there is to say of it.
    pub note: Option<StringComparison>,
    /// All of these hold.
    pub and: Option<Vec<RatingFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<RatingFilter>>,
    /// This does not hold.
    pub not: Option<Box<RatingFilter>>,
}

impl FilterInput for RatingFilter {
    type Entity = Entity;

    fn filter(self) -> Result<Filter<Entity>> {
        let Self {
            assertion,
            stakeholder,
            influence,
            interest,
            salience,
            power,
            legitimacy,
            urgency,
            note,
            and,
            or,
            not,
        } = self;
        let mut terms = Terms::<Entity>::default();
        assertion_terms!(terms, Column, Kind::Rating, assertion);
        terms.through(Column::StakeholderId, stakeholder.map(|filter| *filter))?;
        terms.number(Column::Influence, influence);
        terms.number(Column::Interest, interest);
        terms.number(Column::Salience, salience);
        terms.test::<_, bool>(Column::Power, power);
        terms.test::<_, bool>(Column::Legitimacy, legitimacy);
        terms.test::<_, bool>(Column::Urgency, urgency);
        terms.test::<_, String>(Column::Note, note);
        terms.finish(and, or, not)
    }
}

/// To record a rating.
#[derive(Clone, Debug, InputObject)]
pub struct RecordRatingInput {
    #[graphql(flatten)]
    evidence: EvidenceInput,
    /// When it happened or was said; of a month or a year any day of it. Not after today.
    occurred_on: Date,
    /// How much of `occurredOn` is known.
    #[graphql(default_with = "DatePrecision::Day")]
    occurred_on_precision: DatePrecision,
    /// Who is rated.
    stakeholder: ID,
    /// How much it can change the outcome, 0 to 100.
    influence: Option<i32>,
    /// How much the outcome changes for it, 0 to 100.
    interest: Option<i32>,
    /// How much it puts the question first, 0 to 100.
    salience: Option<i32>,
    /// Whether it can impose its will.
    power: Option<bool>,
    /// Whether its claim is held to be proper.
    legitimacy: Option<bool>,
    /// Whether its claim calls for immediate attention.
    urgency: Option<bool>,
    /// What there is to say of it.
    note: Option<String>,
}

impl RecordRatingInput {
    fn draft(self, problems: &mut Problems) -> Draft {
        let Self {
            evidence,
            occurred_on,
            occurred_on_precision,
            stakeholder,
            influence,
            interest,
            salience,
            power,
            legitimacy,
            urgency,
            note,
        } = self;
        Draft {
            evidence: evidence.read(occurred_on, occurred_on_precision, problems),
            stakeholder: problems.key("stakeholder", Kind::Stakeholder, &stakeholder),
            influence: influence.map(|number| small("influence", number, problems)),
            interest: interest.map(|number| small("interest", number, problems)),
            salience: salience.map(|number| small("salience", number, problems)),
            power,
            legitimacy,
            urgency,
            note,
        }
    }
}

/// To correct a rating: the correction says all of it anew.
#[derive(Clone, Debug, InputObject)]
pub struct SupersedeRatingInput {
    /// The rating to be corrected.
    id: ID,
    /// The corrected rating, in full.
    replacement: RecordRatingInput,
}

payload! {
    /// What came of recording or correcting a rating.
    RatingPayload {
        /// The new rating; null if it was refused.
        rating: Rating
    }
}

/// Mutations on ratings.
#[derive(Clone, Copy, Debug, Default)]
pub struct RatingMutation;

/// Mutations on ratings.
#[Object]
impl RatingMutation {
    /// Records a rating.
    async fn record_rating(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All that is said of it, and on whose word.")] input: RecordRatingInput,
    ) -> Result<RatingPayload> {
        let mut problems = Problems::default();
        let draft = input.draft(&mut problems);
        Ok(mutation::record::<Entity>(ctx, draft, problems).await?.into())
    }

    /// Replaces a rating by a corrected one. The old one stays on record: what was believed before can be asked for.
    async fn supersede_rating(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and the correction.")] input: SupersedeRatingInput,
    ) -> Result<RatingPayload> {
        let mut problems = Problems::default();
        let id = problems.key("id", Kind::Rating, &input.id);
        let draft = input.replacement.draft(&mut problems);
        Ok(mutation::supersede::<Entity>(ctx, id, draft, problems).await?.into())
    }
}
