//! What the names in a file stand for: the records that it has brought so far, then those that are stored.

use std::collections::HashMap;

use entity::filter::Filter;
use entity::kind::Kind;

use crate::domain::node::Concept;
use crate::domain::reference::Several;
use crate::domain::{assertion, list};
use crate::error::{Code, Error, Result};
use crate::op::Op;

/// The names that are known within the current dossier.
pub(super) struct Names<'a> {
    op: &'a Op,
    dossier: Option<i64>,
    /// The keys of records, by the name by which they are referred to.
    ids: HashMap<Kind, HashMap<String, i64>>,
    /// The lines that have taken a name, by the field that it stands in.
    lines: HashMap<(Kind, &'static str), HashMap<String, u64>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(op: &'a Op) -> Self {
        Self { op, dossier: None, ids: HashMap::new(), lines: HashMap::new() }
    }

    /// The operation, within its transaction.
    pub(super) const fn op(&self) -> &'a Op {
        self.op
    }

    /// The dossier whose line stands above.
    ///
    /// # Errors
    /// [`Error::BadInput`] if there is none.
    pub(super) fn dossier(&self) -> Result<i64> {
        self.dossier.ok_or_else(|| {
            Error::BadInput("there is no dossier line above this line, so that it belongs to no dossier".to_owned())
        })
    }

    /// Makes a dossier the current one. The names of the one before it are forgotten: a file cannot go back to it, because
    /// no dossier may stand in it twice.
    pub(super) fn enter(&mut self, dossier: i64) {
        self.dossier = Some(dossier);
        self.ids.clear();
        self.lines.retain(|(kind, _), _| *kind == Kind::Dossier);
    }

    /// Takes a name for the record of a line.
    ///
    /// # Errors
    /// [`Error::Refused`] if another line has it.
    pub(super) fn claim(&mut self, kind: Kind, field: &'static str, name: &str, line: u64) -> Result<()> {
        let lines = self.lines.entry((kind, field)).or_default();
        if let Some(other) = lines.insert(name.to_owned(), line) {
            let message = format!("{name:?} is also that of the {} on line {other}", kind.noun());
            return Err(Error::refused(Code::Taken, field, message));
        }
        Ok(())
    }

    /// Keeps what a name stands for.
    pub(super) fn remember(&mut self, kind: Kind, name: &str, id: i64) {
        self.ids.entry(kind).or_default().insert(name.to_owned(), id);
    }

    /// The key of the record that a field refers to.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is none above this line, nor in the database.
    pub(super) async fn one(&mut self, kind: Kind, field: &str, name: &str) -> Result<i64> {
        if let Some(id) = self.ids.get(&kind).and_then(|ids| ids.get(name)) {
            return Ok(*id);
        }
        let Some(id) = self.stored(kind, name).await? else {
            let message = format!("{} {name:?} is not above this line nor stored in this dossier", kind.noun());
            return Err(Error::refused(Code::NotFound, field, message));
        };
        self.remember(kind, name, id);
        Ok(id)
    }

    /// The key of the record that a field refers to, if it is there.
    ///
    /// # Errors
    /// As [`Names::one`].
    pub(super) async fn maybe(&mut self, kind: Kind, field: &str, name: Option<String>) -> Result<Option<i64>> {
        match name {
            Some(name) => self.one(kind, field, &name).await.map(Some),
            None => Ok(None),
        }
    }

    /// The keys of the records that a list refers to.
    ///
    /// # Errors
    /// As [`Names::one`].
    pub(super) async fn each(&mut self, kind: Kind, field: &str, names: Option<Vec<String>>) -> Result<Several<i64>> {
        let mut ids = Vec::new();
        for name in names.unwrap_or_default() {
            ids.push(self.one(kind, field, &name).await?);
        }
        Ok(ids.into())
    }

    async fn stored(&self, kind: Kind, name: &str) -> Result<Option<i64>> {
        match kind {
            Kind::Stakeholder => self.stored_node::<entity::stakeholder::Entity>(name).await,
            Kind::Mechanism => self.stored_node::<entity::mechanism::Entity>(name).await,
            Kind::Source => self.stored_node::<entity::source::Entity>(name).await,
            Kind::Condition => self.stored_node::<entity::condition::Entity>(name).await,
            Kind::Argument => self.stored_node::<entity::argument::Entity>(name).await,
            Kind::Relation => {
                let relation = assertion::current::<entity::relation::Entity>(self.op, self.dossier()?, name).await?;
                Ok(relation.map(|relation| relation.id))
            }
            // Nothing in the format refers to these.
            Kind::Dossier
            | Kind::Position
            | Kind::Status
            | Kind::Finding
            | Kind::Event
            | Kind::Implication
            | Kind::Rating
            | Kind::Revision
            | Kind::Account
            | Kind::Session
            | Kind::AccessToken
            | Kind::AuditEntry => Ok(None),
        }
    }

    async fn stored_node<E: Concept>(&self, name: &str) -> Result<Option<i64>> {
        let named = E::with_slug(name).unwrap_or_else(|| E::with_external_id(name));
        let filter = Filter::all([Filter::equal(E::DOSSIER, self.dossier()?), named]);
        Ok(list::get::<E>(self.op, filter).await?.map(|model| E::id_of(&model)))
    }
}
