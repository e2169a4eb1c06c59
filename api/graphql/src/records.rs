//! The lists of all kinds of records but dossiers: the whole record has them, and each dossier.

use async_graphql::MergedObject;

use crate::argument::{Argument, Arguments};
use crate::condition::{Condition, Conditions};
use crate::connection::Connection;
use crate::event::{Event, Events};
use crate::finding::{Finding, Findings};
use crate::implication::{Implication, Implications};
use crate::list::Within;
use crate::mechanism::{Mechanism, Mechanisms};
use crate::position::{Position, Positions};
use crate::rating::{Rating, Ratings};
use crate::relation::{Relation, Relations};
use crate::seen::Anchor;
use crate::source::{Source, Sources};
use crate::stakeholder::{Stakeholder, Stakeholders};
use crate::status::{Status, Statuses};

/// A list of each kind.
#[derive(MergedObject)]
pub struct Records(
    Positions,
    Events,
    Findings,
    Ratings,
    Implications,
    Statuses,
    Relations,
    Conditions,
    Arguments,
    Sources,
    Stakeholders,
    Mechanisms,
);

impl Records {
    /// Those of a dossier, or all that one may see if none is given.
    pub fn within(dossier: Option<Anchor>) -> Self {
        let within = Within(dossier);
        Self(
            Positions::of(within),
            Events::of(within),
            Findings::of(within),
            Ratings::of(within),
            Implications::of(within),
            Statuses::of(within),
            Relations::of(within),
            Conditions::of(within),
            Arguments::of(within),
            Sources::of(within),
            Stakeholders::of(within),
            Mechanisms::of(within),
        )
    }
}

/// Describes what the lists give (see [`Later`](crate::later::Later)).
pub fn describe(builder: crate::Builder) -> crate::Builder {
    builder
        .register_output_type::<Connection<Position>>()
        .register_output_type::<Connection<Event>>()
        .register_output_type::<Connection<Finding>>()
        .register_output_type::<Connection<Rating>>()
        .register_output_type::<Connection<Implication>>()
        .register_output_type::<Connection<Status>>()
        .register_output_type::<Connection<Relation>>()
        .register_output_type::<Connection<Condition>>()
        .register_output_type::<Connection<Argument>>()
        .register_output_type::<Connection<Source>>()
        .register_output_type::<Connection<Stakeholder>>()
        .register_output_type::<Connection<Mechanism>>()
}
