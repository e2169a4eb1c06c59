//! What an actor may see: where every select begins.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition};

use crate::record::Record;
use crate::words::Marking;

/// The part of the record that an actor may see. Only the policy makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    clearance: Marking,
    dossiers: Dossiers,
}

/// The dossiers that an actor may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dossiers {
    /// Every one.
    All,
    /// Only those with these keys.
    Only(Vec<i64>),
}

impl Scope {
    /// Records marked up to `clearance`, of these dossiers.
    pub const fn new(clearance: Marking, dossiers: Dossiers) -> Self {
        Self { clearance, dossiers }
    }

    /// The highest marking that may be seen.
    pub const fn clearance(&self) -> Marking {
        self.clearance
    }

    /// The condition on `E` that holds for what may be seen. Where all may be seen there is none, so that the database
    /// has nothing to check.
    pub fn condition<E: Record>(&self) -> Condition {
        let mut condition = Condition::all();
        if self.clearance < Marking::Red {
            condition = condition.add(E::MARKING.into_expr().lte(self.clearance));
        }
        if let Dossiers::Only(keys) = &self.dossiers {
            condition = condition.add(E::DOSSIER.is_in(keys.iter().copied()));
        }
        condition
    }
}
