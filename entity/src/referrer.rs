//! Who refers to whom: the foreign keys between records, in the direction in which a marking spreads.
//!
//! A test compares the list with the foreign keys of both databases, so that a new one cannot be forgotten.

use crate::kind::Kind;

/// One way in which records of one kind refer to records of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// What is referred to.
    pub to: Kind,
    /// What refers to it.
    pub from: Kind,
    /// By which columns.
    pub by: By,
}

/// The columns of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A column of the referring record's own table.
    Column(&'static str),
    /// A row of a link table: its column of the referring record, and that of the record referred to.
    Link {
        /// The link table.
        table: &'static str,
        /// The column of the referring record.
        from: &'static str,
        /// The column of the record referred to.
        to: &'static str,
    },
}

const fn column(to: Kind, from: Kind, name: &'static str) -> Referrer {
    Referrer { to, from, by: By::Column(name) }
}

const fn link(
    to: Kind,
    from: Kind,
    table: &'static str,
    from_column: &'static str,
    to_column: &'static str,
) -> Referrer {
    Referrer { to, from, by: By::Link { table, from: from_column, to: to_column } }
}

/// The kinds of assertion, each of which has a source, and of every record, each of which has a dossier.
const ASSERTIONS: [Kind; 7] =
    [Kind::Position, Kind::Relation, Kind::Status, Kind::Finding, Kind::Event, Kind::Implication, Kind::Rating];
const NODES: [Kind; 5] = [Kind::Stakeholder, Kind::Mechanism, Kind::Condition, Kind::Argument, Kind::Source];

/// All references between records but those to the dossier and to the source, which [`to`] adds. That to the superseded
/// assertion is none here: a correction says something else than what it corrects.
const OWN: [Referrer; 19] = [
    column(Kind::Stakeholder, Kind::Position, "stakeholder_id"),
    column(Kind::Stakeholder, Kind::Position, "on_behalf_of_id"),
    column(Kind::Stakeholder, Kind::Relation, "from_id"),
    column(Kind::Stakeholder, Kind::Relation, "to_id"),
    column(Kind::Stakeholder, Kind::Finding, "assessor_id"),
    column(Kind::Stakeholder, Kind::Rating, "stakeholder_id"),
    link(Kind::Stakeholder, Kind::Mechanism, "mechanism_party", "mechanism_id", "stakeholder_id"),
    link(Kind::Stakeholder, Kind::Event, "event_actor", "event_id", "stakeholder_id"),
    column(Kind::Mechanism, Kind::Mechanism, "part_of_id"),
    column(Kind::Mechanism, Kind::Condition, "mechanism_id"),
    column(Kind::Mechanism, Kind::Position, "mechanism_id"),
    column(Kind::Mechanism, Kind::Status, "mechanism_id"),
    column(Kind::Mechanism, Kind::Event, "mechanism_id"),
    column(Kind::Mechanism, Kind::Implication, "mechanism_id"),
    column(Kind::Condition, Kind::Finding, "condition_id"),
    link(Kind::Condition, Kind::Position, "position_condition", "position_id", "condition_id"),
    link(Kind::Argument, Kind::Position, "position_argument", "position_id", "argument_id"),
    link(Kind::Argument, Kind::Argument, "argument_link", "argument_id", "target_id"),
    column(Kind::Relation, Kind::Implication, "relation_id"),
];

/// The ways in which records refer to records of a kind.
pub fn to(kind: Kind) -> Vec<Referrer> {
    let own = OWN.into_iter().filter(|referrer| referrer.to == kind);
    let of_source = ASSERTIONS.into_iter().filter(|_| kind == Kind::Source).map(|from| column(kind, from, "source_id"));
    let of_dossier = NODES
        .into_iter()
        .chain(ASSERTIONS)
        .filter(|_| kind == Kind::Dossier)
        .map(|from| column(kind, from, "dossier_id"));
    own.chain(of_source).chain(of_dossier).collect()
}
