//! Loading what has been put in order: nodes one by one, assertions in batches that are read while the one before them is
//! written.

mod claim;
mod node;

use entity::filter::Filter;
use entity::kind::Kind;

use self::node::Way;
use super::draft::ClaimLine;
use super::record::{self, Said};
use super::report::Wrong;
use super::resolve::Names;
use super::stage::{ASSERTIONS, NODES, Owner, Stage};
use demarche_core::domain::list::Readable;
use demarche_core::error::{Code, Error, Result};
use demarche_core::op::Op;

/// The most bytes of text in a batch.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// An assertion that has been read, and where it stands.
#[derive(Debug)]
pub(super) struct Parsed<L> {
    pub(super) origin: u32,
    pub(super) line: u64,
    /// The line, where it is one of JSON.
    pub(super) text: Option<String>,
    pub(super) record: Result<Said<L>, Wrong>,
}

/// What can be read while the transaction runs: the assertions of tables, which need not wait in a spool.
pub(super) trait Tables {
    /// The assertions of this kind, table by table.
    fn of<L: ClaimLine + 'static>(&mut self, kind: Kind) -> Result<Vec<Parsing<L>>>;
}

/// Assertions that are read one by one. An error ends the import, whatever is to be done with what is refused.
pub(super) type Parsing<L> = Box<dyn Iterator<Item = Result<Parsed<L>>> + Send>;

/// There are none.
pub(super) struct NoTables;

impl Tables for NoTables {
    fn of<L: ClaimLine + 'static>(&mut self, _kind: Kind) -> Result<Vec<Parsing<L>>> {
        Ok(Vec::new())
    }
}

/// Loads all sections of a stage, and then the tables, which belong to the last one. To be called within a transaction.
pub(super) async fn load(op: &Op, stage: &mut Stage, mut tables: impl Tables + Send) -> Result<()> {
    let mut run = Run { names: Names::new(op), stage, section: 0 };
    let last = run.stage.sections.len().saturating_sub(1);
    for section in 0..=last {
        run.section = section;
        run.enter().await?;
        run.nodes().await?;
        let tables = if section == last { Some(&mut tables) } else { None };
        run.assertions(tables).await?;
    }
    Ok(())
}

struct Run<'a> {
    names: Names<'a>,
    stage: &'a mut Stage,
    section: usize,
}

impl Run<'_> {
    async fn enter(&mut self) -> Result<()> {
        self.names.enter(None);
        let Some(section) = self.stage.sections.get(self.section) else { return Ok(()) };
        let id = match section.owner.clone() {
            Owner::Described(frame) => self.node::<record::Dossier>(&frame, Way::Once).await?,
            Owner::Named(slug, otherwise) => {
                let filter = Filter::equal(entity::dossier::Column::Slug, slug.as_str());
                let found = entity::dossier::Entity::get(self.names.op(), filter).await?;
                match (found, otherwise) {
                    (Some(found), _) => Some(found.id),
                    (None, Some(frame)) => self.node::<record::Dossier>(&frame, Way::Once).await?,
                    (None, None) => {
                        return Err(Error::BadInput(format!("there is no dossier {slug:?} that you may see")));
                    }
                }
            }
        };
        self.names.enter(id);
        Ok(())
    }

    async fn nodes(&mut self) -> Result<()> {
        for kind in NODES {
            match kind {
                Kind::Source => self.each_node::<record::Source>().await?,
                Kind::Stakeholder => self.each_node::<record::Stakeholder>().await?,
                Kind::Mechanism => self.each_node::<record::Mechanism>().await?,
                Kind::Condition => self.each_node::<record::Condition>().await?,
                _ => self.each_node::<record::Argument>().await?,
            }
        }
        Ok(())
    }

    async fn assertions<T: Tables>(&mut self, mut tables: Option<&mut T>) -> Result<()> {
        for kind in ASSERTIONS {
            let tables = tables.as_deref_mut();
            match kind {
                Kind::Relation => self.each_claim::<record::Relation, T>(tables).await?,
                Kind::Position => self.each_claim::<record::Position, T>(tables).await?,
                Kind::Status => self.each_claim::<record::Status, T>(tables).await?,
                Kind::Finding => self.each_claim::<record::Finding, T>(tables).await?,
                Kind::Event => self.each_claim::<record::Event, T>(tables).await?,
                Kind::Implication => self.each_claim::<record::Implication, T>(tables).await?,
                _ => self.each_claim::<record::Rating, T>(tables).await?,
            }
        }
        Ok(())
    }
}

fn nameless() -> Error {
    Error::refused(Code::Required, "externalId", "must be given, so that loading the file again changes nothing")
}
