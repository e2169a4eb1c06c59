//! Records that are put in order before they are loaded: by dossier, and within it by what refers to what. So a file may
//! have its lines in any order, and nothing is written, nor is anybody kept waiting, while it is still being read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use entity::kind::Kind;

use super::record::{self, Tag};
use super::report::{Refusal, Report, Wrong};
use super::spool::{Frame, Frames, Spool};
use super::{Meter, OnError};
use demarche_core::error::{Error, Result};

/// The nodes, what others refer to first.
pub(super) const NODES: [Kind; 5] = [Kind::Source, Kind::Stakeholder, Kind::Mechanism, Kind::Condition, Kind::Argument];
/// The assertions, what others refer to first.
pub(super) const ASSERTIONS: [Kind; 7] =
    [Kind::Relation, Kind::Position, Kind::Status, Kind::Finding, Kind::Event, Kind::Implication, Kind::Rating];

/// A file that records come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// What it is called, where an import has several.
    pub(super) name: Option<String>,
    /// Of a table, the column that a field is taken from: its number, counted from 1, and its name.
    pub(super) columns: BTreeMap<String, (u64, String)>,
}

/// The dossier of a section.
#[derive(Clone, Debug)]
pub(super) enum Owner {
    /// Described by a record.
    Described(Frame),
    /// Named by its slug: it must be there, or is made of a record.
    Named(String, Option<Frame>),
}

/// The records of one dossier.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) owner: Owner,
    /// Where its records of a kind begin in the spool of the kind.
    from: BTreeMap<Kind, u64>,
}

/// All records of an import, in the order in which they can be loaded; and what was refused on the way.
pub(super) struct Stage {
    pub(super) on_error: OnError,
    pub(super) report: Report,
    pub(super) origins: Vec<Arc<Origin>>,
    pub(super) sections: Vec<Section>,
    pub(super) meter: Arc<Meter>,
    spools: BTreeMap<Kind, Spool>,
}

impl Stage {
    pub(super) fn new(on_error: OnError, meter: Arc<Meter>) -> Self {
        let (report, origins, sections, spools) = Default::default();
        Self { on_error, report, origins, sections, meter, spools }
    }

    /// Adds a file.
    pub(super) fn origin(&mut self, origin: Origin) -> u32 {
        self.origins.push(Arc::new(origin));
        u32::try_from(self.origins.len() - 1).unwrap_or(u32::MAX)
    }

    /// Begins a section.
    pub(super) fn enter(&mut self, owner: Owner) {
        let from = self.spools.iter().map(|(kind, spool)| (*kind, spool.end())).collect();
        self.sections.push(Section { owner, from });
    }

    /// Adds a record, given as a line of the interchange format.
    ///
    /// # Errors
    /// If it is refused and nothing may be, or there is no room left.
    pub(super) fn push(&mut self, origin: u32, line: u64, text: &str) -> Result<()> {
        let tag = match Tag::read(text) {
            Ok(tag) => tag,
            Err(wrong) => return self.refuse(origin, Some(line), Some(text), None, wrong),
        };
        if tag.record == "header" {
            let wrong = Wrong::new("only the first line is a header");
            return self.refuse(origin, Some(line), Some(text), Some(tag.what()), wrong);
        }
        let kind = match tag.kind() {
            Ok(kind) => kind,
            Err(wrong) => return self.refuse(origin, Some(line), Some(text), Some(tag.what()), wrong),
        };
        if kind == Kind::Dossier {
            self.enter(Owner::Described(Frame { origin, line, text: text.to_owned() }));
            return Ok(());
        }
        if self.sections.is_empty() {
            let wrong = Wrong::new("there is no dossier line above this line, so that it belongs to no dossier");
            return self.refuse(origin, Some(line), Some(text), Some(tag.what()), wrong);
        }
        let spool = match self.spools.entry(kind) {
            std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::btree_map::Entry::Vacant(none) => none.insert(Spool::new()?),
        };
        spool.push(origin, line, text)
    }

    /// The records of a kind in a section, and where they are.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(super) fn frames(&mut self, section: usize, kind: Kind) -> Result<Option<Frames>> {
        let start = |section: &Section| section.from.get(&kind).copied().unwrap_or(0);
        let Some(from) = self.sections.get(section).map(start) else { return Ok(None) };
        let next = self.sections.get(section + 1).map(start);
        let Some(spool) = self.spools.get_mut(&kind) else { return Ok(None) };
        let range = Range { start: from, end: next.unwrap_or(spool.end()) };
        if range.is_empty() { Ok(None) } else { spool.frames(&range).map(Some) }
    }

    /// The record that begins at a place.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn frame(&mut self, kind: Kind, at: u64) -> Result<Frame> {
        let spool = self.spools.get_mut(&kind).ok_or_else(|| Error::internal("a spool is gone"))?;
        spool.frame(at)
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> u64 {
        self.spools.values().map(Spool::end).sum()
    }

    /// Notes a record that is not let in, if some may be; or ends it all.
    ///
    /// # Errors
    /// [`Error::BadInput`] that names the place and what is wrong, if nothing may be refused.
    pub(super) fn refuse(
        &mut self,
        origin: u32,
        line: Option<u64>,
        text: Option<&str>,
        record: Option<String>,
        wrong: Wrong,
    ) -> Result<()> {
        let origin = usize::try_from(origin).ok().and_then(|origin| self.origins.get(origin));
        let Wrong { field, column, message } = wrong;
        let cell = field.as_deref().and_then(|field| origin?.columns.get(field));
        let found = || record::column_of(text?, field.as_deref()?);
        let is_table = origin.is_some_and(|origin| !origin.columns.is_empty());
        let column = if is_table { None } else { column.or_else(found) };
        let refusal = Refusal {
            file: origin.and_then(|origin| origin.name.clone()),
            line,
            column: cell.map(|(number, _)| *number).or(column.and_then(|column| u64::try_from(column).ok())),
            column_name: cell.map(|(_, name)| name.clone()),
            record: record.map(|record| super::report::clipped(&record)),
            message: super::report::clipped(&message),
        };
        match self.on_error {
            OnError::Abort => Err(Error::BadInput(refusal.to_string())),
            OnError::Skip => {
                self.report.refuse(refusal);
                Ok(())
            }
        }
    }
}
