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

    /// Whether records of this dossier may be seen.
    pub fn reaches(&self, dossier: i64) -> bool {
        match &self.dossiers {
            Dossiers::All => true,
            Dossiers::Only(keys) => keys.contains(&dossier),
        }
    }

    /// The dossier that all that may be seen is of, if there is but one.
    pub fn only_dossier(&self) -> Option<i64> {
        match &self.dossiers {
            Dossiers::Only(keys) => {
                if let [key] = keys.as_slice() {
                    Some(*key)
                } else {
                    None
                }
            }
            Dossiers::All => None,
        }
    }

    /// The condition that holds where a column names a dossier whose records may be seen.
    pub fn within(&self, dossier: impl ColumnTrait) -> Condition {
        match &self.dossiers {
            Dossiers::All => Condition::all(),
            Dossiers::Only(keys) => Condition::all().add(dossier.is_in(keys.iter().copied())),
        }
    }

    /// The condition on `E` that holds for what may be seen. Where all may be seen there is none, so that the database
    /// has nothing to check.
    pub fn condition<E: Record>(&self) -> Condition {
        let mut condition = Condition::all();
        if self.clearance < Marking::Red {
            condition = condition.add(E::MARKING.into_expr().lte(self.clearance));
        }
        if let Dossiers::Only(_) = &self.dossiers {
            condition = condition.add(self.within(E::DOSSIER));
        }
        condition
    }
}
