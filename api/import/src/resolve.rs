//! What the names in a file stand for: the records that it has brought so far, then those that are stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use entity::filter::Filter;
use entity::kind::Kind;

use demarche_core::domain::assertion;
use demarche_core::domain::node::Concept;
use demarche_core::domain::reference::Several;
use demarche_core::error::{Code, Error, Result};
use demarche_core::op::Op;

/// The names that are known within the current dossier.
pub(super) struct Names<'a> {
    op: &'a Op,
    dossier: Option<i64>,
    /// The keys of records, by the names by which they may be referred to.
    ids: BTreeMap<Kind, HashMap<String, i64>>,
    /// The lines that have taken a name, by the field that it stands in.
    lines: BTreeMap<(Kind, &'static str), HashMap<[u32; 4], u32>>,
    /// Names are kept as what two keyed hashes make of them, because there may be very many, and nobody can foresee which
    /// two would clash.
    hashers: [RandomState; 2],
    /// The names of records of the file that are yet to come.
    announced: HashSet<(Kind, String)>,
    /// Whether a list may leave out what is yet to come.
    pub(super) lenient: bool,
    /// Whether something that is yet to come has been asked for.
    missed: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(op: &'a Op) -> Self {
        Self {
            op,
            dossier: None,
            ids: BTreeMap::new(),
            lines: BTreeMap::new(),
            hashers: [RandomState::new(), RandomState::new()],
            announced: HashSet::new(),
            lenient: false,
            missed: false,
        }
    }

    /// The operation, within its transaction.
    pub(super) const fn op(&self) -> &'a Op {
        self.op
    }

    /// The dossier that the records belong to.
    ///
    /// # Errors
    /// [`Error::BadInput`] if there is none.
    pub(super) fn dossier(&self) -> Result<i64> {
        self.dossier.ok_or_else(|| Error::BadInput("its dossier was refused".to_owned()))
    }

    /// Makes a dossier the current one, if it was let in. The names of the one before it are forgotten: a file cannot go
    /// back to it, because no dossier may stand in it twice.
    pub(super) fn enter(&mut self, dossier: Option<i64>) {
        self.dossier = dossier;
        self.ids.clear();
        self.announced.clear();
        self.lines.retain(|(kind, _), _| *kind == Kind::Dossier);
    }

    /// Says that a record with this name is yet to come.
    pub(super) fn announce(&mut self, kind: Kind, name: &str) {
        self.announced.insert((kind, name.to_owned()));
    }

    /// Whether something that is yet to come has been asked for.
    pub(super) const fn is_missed(&self) -> bool {
        self.missed
    }

    /// The same, since this was last asked.
    pub(super) fn take_missed(&mut self) -> bool {
        std::mem::take(&mut self.missed)
    }

    /// Takes a name for the record of a line.
    ///
    /// # Errors
    /// [`Error::Refused`] if another line has it.
    pub(super) fn claim(&mut self, kind: Kind, field: &'static str, name: &str, line: u64) -> Result<()> {
        let digest = digest(&self.hashers, name);
        let lines = self.lines.entry((kind, field)).or_default();
        if let Some(other) = lines.insert(digest, u32::try_from(line).unwrap_or(u32::MAX)) {
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
    /// [`Error::Refused`] if there is none in the file, nor in the database.
    pub(super) async fn one(&mut self, kind: Kind, field: &str, name: &str) -> Result<i64> {
        if let Some(id) = self.ids.get(&kind).and_then(|ids| ids.get(name)) {
            return Ok(*id);
        }
        let Some(id) = self.stored(kind, name).await? else {
            let coming = !self.announced.is_empty() && self.announced.contains(&(kind, name.to_owned()));
            self.missed |= coming;
            let noun = kind.noun();
            let message = match coming {
                true => format!("{noun} {name:?} was refused, or refers to this record itself"),
                false => format!("{noun} {name:?} is neither in the file nor stored in this dossier"),
            };
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
            match self.one(kind, field, &name).await {
                Ok(id) => ids.push(id),
                Err(Error::Refused(_)) if self.lenient && self.announced.contains(&(kind, name)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ids.into())
    }

    async fn stored(&self, kind: Kind, name: &str) -> Result<Option<i64>> {
        // PostgreSQL has no text with it, and does not take it as a value either.
        if name.contains('\0') {
            return Ok(None);
        }
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
        // The slug first: of two records, one may have as its slug what the other has as its external id.
        for named in E::with_slug(name).into_iter().chain([E::with_external_id(name)]) {
            let filter = Filter::all([Filter::equal(E::DOSSIER, self.dossier()?), named]);
            if let Some(model) = E::get(self.op, filter).await? {
                return Ok(Some(E::id_of(&model)));
            }
        }
        Ok(None)
    }
}

/// 128 bits of two hashes. In halves of 32, so that a map of them has no room between.
fn digest(hashers: &[RandomState; 2], name: &str) -> [u32; 4] {
    let [one, two] = hashers.each_ref().map(|hasher| hasher.hash_one(name).to_le_bytes());
    let [a, b, c, d, e, f, g, h] = one;
    let [i, j, k, l, m, n, o, p] = two;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]].map(u32::from_le_bytes)
}
