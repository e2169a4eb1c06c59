//! Loading what has been put in order: nodes one by one, assertions in batches that are read while the one before them is
//! written.

use std::sync::Arc;

use entity::filter::Filter;
use entity::kind::Kind;
use entity::record::Record;
use tokio::sync::mpsc;

use super::OnError;
use super::draft::{ClaimLine, NodeLine};
use super::record::{self, Retraction, Said, Tag};
use super::report::{Wrong, wrong};
use super::resolve::Names;
use super::spool::{Frame, Frames};
use super::stage::{ASSERTIONS, NODES, Owner, Stage};
use crate::domain::assertion::{self, Claim};
use crate::domain::bulk::{self, Bulk, Fate};
use crate::domain::list::Readable;
use crate::domain::node;
use crate::domain::node::{Concept, Put};
use crate::error::{Code, Error, Result};
use crate::op::Op;

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

    /// Loads the nodes of a kind. Those that refer to one of their own kind that is yet to come wait for it; in the end,
    /// those that wait for each other are let in without these links, and then linked.
    async fn each_node<L: NodeLine>(&mut self) -> Result<()> {
        let kind = L::Entity::KIND;
        if matches!(kind, Kind::Mechanism | Kind::Argument) {
            for frame in self.stage.frames(self.section, kind)?.into_iter().flatten() {
                if let Ok(tag) = Tag::read(&frame?.text) {
                    tag.names().for_each(|name| self.names.announce(kind, name));
                }
            }
        }
        let Some(mut frames) = self.stage.frames(self.section, kind)? else { return Ok(()) };
        let mut waiting = Vec::new();
        let mut bulk = self.names.dossier().map(Bulk::new).ok();
        let fresh = match &mut bulk {
            Some(bulk) => bulk.may_create::<L::Entity>(self.names.op()).await?,
            None => false,
        };
        if let Some(bulk) = bulk.as_mut().filter(|_| fresh) {
            self.create::<L>(bulk, &mut frames, &mut waiting).await?;
        } else {
            loop {
                let at = frames.at();
                let Some(frame) = frames.next() else { break };
                self.wait::<L>(&frame?, at, &mut waiting).await?;
            }
        }
        drop(frames);
        loop {
            let before = waiting.len();
            for at in std::mem::take(&mut waiting) {
                let frame = self.stage.frame(kind, at)?;
                self.wait::<L>(&frame, at, &mut waiting).await?;
            }
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        let mut linked = Vec::new();
        for at in waiting {
            let frame = self.stage.frame(kind, at)?;
            self.names.lenient = true;
            if self.node::<L>(&frame, Way::Once).await?.is_some() {
                linked.push(frame);
            }
            self.names.lenient = false;
        }
        for frame in linked {
            self.node::<L>(&frame, Way::Again).await?;
        }
        Ok(())
    }

    /// Creates the nodes of a kind of which the dossier has none yet, but for those that wait for another one.
    async fn create<L: NodeLine>(
        &mut self,
        bulk: &mut Bulk,
        frames: &mut Frames,
        waiting: &mut Vec<u64>,
    ) -> Result<()> {
        // A record that refers to one of its own batch begins the next, so that all are made in the order of the file.
        let mut held = None;
        loop {
            let (mut drafts, mut taken, mut bytes) = (Vec::new(), Vec::new(), 0);
            while drafts.len() < bulk::BATCH && bytes < BATCH_BYTES_MAX {
                let (at, frame) = match held.take() {
                    Some(frame) => frame,
                    None => {
                        let at = frames.at();
                        let Some(frame) = frames.next().transpose()? else { break };
                        (at, frame)
                    }
                };
                bytes += frame.text.len();
                self.names.take_missed();
                let drafted = match record::read::<L>(&frame.text) {
                    Ok(line) => match self.draft_node(line, frame.line).await {
                        Ok(draft) => Ok(draft),
                        Err(_) if self.names.take_missed() => {
                            if drafts.is_empty() {
                                waiting.push(at);
                                continue;
                            }
                            held = Some((at, frame));
                            break;
                        }
                        Err(error) => Err(wrong(error)?),
                    },
                    Err(wrong) => Err(wrong),
                };
                self.passed(&frame);
                match drafted {
                    Ok(draft) => {
                        drafts.push(draft);
                        taken.push(frame);
                    }
                    Err(wrong) => self.refuse_node(&frame, wrong)?,
                }
            }
            if drafts.is_empty() && bytes == 0 {
                return Ok(());
            }
            let made = bulk.create::<L::Entity>(self.names.op(), &drafts).await?;
            for ((made, draft), frame) in made.into_iter().zip(&drafts).zip(taken) {
                match made {
                    Ok(id) => {
                        self.remember::<L>(draft, id);
                        self.stage.report.created += 1;
                    }
                    Err(error) => self.refuse_node(&frame, wrong(error)?)?,
                }
            }
        }
    }

    /// The draft of a node, whose names are taken from now on.
    async fn draft_node<L: NodeLine>(&mut self, line: L, number: u64) -> Result<<L::Entity as Concept>::Draft> {
        let draft = line.draft(&mut self.names).await?;
        let header = L::Entity::header(&draft);
        header.slug.or(header.external_id).ok_or_else(nameless)?;
        for (field, key) in [("slug", header.slug), ("externalId", header.external_id)] {
            if let Some(key) = key {
                self.names.claim(L::Entity::KIND, field, key, number)?;
            }
        }
        Ok(draft)
    }

    fn remember<L: NodeLine>(&mut self, draft: &<L::Entity as Concept>::Draft, id: i64) {
        let header = L::Entity::header(draft);
        for name in [header.external_id, header.slug].into_iter().flatten() {
            self.names.remember(L::Entity::KIND, name, id);
        }
    }

    fn refuse_node(&mut self, frame: &Frame, wrong: Wrong) -> Result<()> {
        let what = Tag::read(&frame.text).map(|tag| tag.what()).ok();
        self.stage.refuse(frame.origin, Some(frame.line), Some(&frame.text), what, wrong)
    }

    fn passed(&self, frame: &Frame) {
        self.stage.meter.count(1);
        self.stage.meter.advance(u64::try_from(frame.text.len()).unwrap_or(0));
    }

    async fn wait<L: NodeLine>(&mut self, frame: &Frame, at: u64, waiting: &mut Vec<u64>) -> Result<()> {
        self.names.take_missed();
        self.node::<L>(frame, Way::Waiting).await?;
        if self.names.take_missed() {
            waiting.push(at);
        }
        Ok(())
    }

    async fn node<L: NodeLine>(&mut self, frame: &Frame, way: Way) -> Result<Option<i64>> {
        let loaded = match record::read::<L>(&frame.text) {
            Ok(line) => match self.put::<L>(line, frame.line, way).await {
                Ok(id) => Ok(id),
                Err(_) if way == Way::Waiting && self.names.is_missed() => return Ok(None),
                Err(error) => Err(wrong(error)?),
            },
            Err(wrong) => Err(wrong),
        };
        if way != Way::Again {
            self.passed(frame);
        }
        match loaded {
            Ok(id) => Ok(Some(id)),
            Err(wrong) => {
                self.refuse_node(frame, wrong)?;
                Ok(None)
            }
        }
    }

    async fn put<L: NodeLine>(&mut self, line: L, number: u64, way: Way) -> Result<i64> {
        let draft = match way {
            Way::Waiting | Way::Once => self.draft_node(line, number).await?,
            Way::Again => line.draft(&mut self.names).await?,
        };
        let op = self.names.op();
        let put = match self.stage.on_error {
            OnError::Abort => node::put::<L::Entity>(op, &draft).await?,
            // What is refused halfway must leave nothing.
            OnError::Skip => op.within(async |op| node::put::<L::Entity>(op, &draft).await).await?,
        };
        let id = L::Entity::id_of(put.record());
        self.remember::<L>(&draft, id);
        let report = &mut self.stage.report;
        match put {
            _ if way == Way::Again => {}
            Put::Created(_) => report.created += 1,
            Put::Changed(_) => report.edited += 1,
            Put::Unchanged(_) => report.unchanged += 1,
        }
        Ok(id)
    }

    async fn each_claim<L: ClaimLine + 'static, T: Tables>(&mut self, tables: Option<&mut T>) -> Result<()> {
        let kind = L::Entity::KIND;
        let mut parsings = Vec::new();
        if let Some(frames) = self.stage.frames(self.section, kind)? {
            let advance = Arc::clone(&self.stage.meter);
            parsings.push(parse::<L>(frames, move |bytes| advance.advance(bytes)));
        }
        if let Some(tables) = tables {
            parsings.extend(tables.of::<L>(kind)?);
        }
        if parsings.is_empty() {
            return Ok(());
        }
        let Ok(dossier) = self.names.dossier() else {
            return self.refuse_all(parsings);
        };
        let mut bulk = Bulk::new(dossier);
        let loaded = self.each_batch::<L>(&mut bulk, parsings).await;
        if loaded.is_err() {
            // Whatever became of what was still being written: this came first.
            _ = bulk.settle().await;
        }
        loaded?;
        bulk.finish(self.names.op()).await
    }

    async fn each_batch<L: ClaimLine + 'static>(&mut self, bulk: &mut Bulk, parsings: Vec<Parsing<L>>) -> Result<()> {
        let mut batches = batches(parsings);
        while let Some(batch) = batches.recv().await {
            self.claims::<L>(bulk, batch?).await?;
        }
        Ok(())
    }

    /// Their dossier was refused, so they are too.
    fn refuse_all<L: ClaimLine>(&mut self, parsings: Vec<Parsing<L>>) -> Result<()> {
        for parsed in parsings.into_iter().flatten() {
            let Parsed { origin, line, text, .. } = parsed?;
            let what = L::Entity::KIND.noun().to_owned();
            let wrong = Wrong::new("its dossier was refused");
            self.stage.refuse(origin, Some(line), text.as_deref(), Some(what), wrong)?;
        }
        Ok(())
    }

    async fn claims<L: ClaimLine>(&mut self, bulk: &mut Bulk, batch: Vec<Parsed<L>>) -> Result<()> {
        self.stage.meter.count(u64::try_from(batch.len()).unwrap_or(0));
        let mut drafts = Drafts::<L>::default();
        for Parsed { origin, line, text, record } in batch {
            let place = (origin, line, text);
            let drafted = match record {
                Ok(Said::Asserted(mut record)) => {
                    let corrects = record.corrects();
                    match self.draft::<L>(record, line).await {
                        Ok(draft) => Ok((draft, corrects)),
                        Err(error) => Err(wrong(error)?),
                    }
                }
                Ok(Said::Retracted(retraction)) => {
                    // What it is about may stand above it.
                    self.put_all(bulk, std::mem::take(&mut drafts)).await?;
                    bulk.catch_up(self.names.op()).await?;
                    let done = self.retract::<L>(&retraction).await;
                    self.single::<L>(done, Some(&retraction.external_id), &place)?;
                    continue;
                }
                Err(wrong) => Err(wrong),
            };
            match drafted {
                Ok((draft, None)) => drafts.push(draft, place),
                Ok((draft, Some(corrected))) => {
                    self.put_all(bulk, std::mem::take(&mut drafts)).await?;
                    bulk.catch_up(self.names.op()).await?;
                    let done = self.correct::<L>(&draft, &corrected).await;
                    self.single::<L>(done, L::Entity::evidence(&draft).external_id.as_deref(), &place)?;
                }
                Err(wrong) => self.refuse_claim::<L>(&place, None, wrong)?,
            }
        }
        self.put_all(bulk, drafts).await
    }

    /// Lets in what was drafted so far.
    async fn put_all<L: ClaimLine>(&mut self, bulk: &mut Bulk, drafts: Drafts<L>) -> Result<()> {
        let Drafts { drafts, places } = drafts;
        if drafts.is_empty() {
            return Ok(());
        }
        let drafts = Arc::new(drafts);
        let fates = bulk.put::<L::Entity>(self.names.op(), &drafts).await?;
        for ((fate, draft), place) in fates.into_iter().zip(drafts.iter()).zip(places) {
            let key = L::Entity::evidence(draft).external_id.as_deref();
            match fate {
                Ok(fate) => {
                    // The other kinds of assertion are never referred to, and there may be very many of them.
                    if let (Kind::Relation, Some(key)) = (L::Entity::KIND, key) {
                        self.names.remember(Kind::Relation, key, fate.id());
                    }
                    let report = &mut self.stage.report;
                    match fate {
                        Fate::Created(_) => report.created += 1,
                        Fate::Superseded(_) => report.superseded += 1,
                        Fate::Unchanged(_) => report.unchanged += 1,
                    }
                }
                Err(error) => self.refuse_claim::<L>(&place, key, wrong(error)?)?,
            }
        }
        Ok(())
    }

    /// What came of a line that is about an assertion of another name.
    fn single<L: ClaimLine>(&mut self, done: Result<()>, key: Option<&str>, place: &Place) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.refuse_claim::<L>(place, key, wrong(error)?),
        }
    }

    /// Lets an assertion in that corrects another one, whose name it does not bear.
    async fn correct<L: ClaimLine>(&mut self, draft: &<L::Entity as Claim>::Draft, corrected: &str) -> Result<()> {
        let op = self.names.op();
        let put = op.within(async |op| assertion::put_correction::<L::Entity>(op, draft, corrected).await).await?;
        if let (Kind::Relation, Some(key)) = (L::Entity::KIND, L::Entity::evidence(draft).external_id.as_deref()) {
            self.names.remember(Kind::Relation, key, L::Entity::id_of(put.record()));
        }
        match put {
            Put::Created(_) => self.stage.report.created += 1,
            Put::Changed(_) => self.stage.report.superseded += 1,
            Put::Unchanged(_) => self.stage.report.unchanged += 1,
        }
        Ok(())
    }

    async fn retract<L: ClaimLine>(&mut self, retraction: &Retraction) -> Result<()> {
        let Retraction { external_id, reason, .. } = retraction;
        let (op, dossier) = (self.names.op(), self.names.dossier()?);
        let retract = async |op: &Op| assertion::put_retraction::<L::Entity>(op, dossier, external_id, reason).await;
        match op.within(retract).await? {
            true => self.stage.report.retracted += 1,
            false => self.stage.report.unchanged += 1,
        }
        Ok(())
    }

    async fn draft<L: ClaimLine>(&mut self, record: L, line: u64) -> Result<<L::Entity as Claim>::Draft> {
        let draft = record.draft(&mut self.names).await?;
        let key = L::Entity::evidence(&draft).external_id.as_deref().ok_or_else(nameless)?;
        self.names.claim(L::Entity::KIND, "externalId", key, line)?;
        Ok(draft)
    }

    fn refuse_claim<L: ClaimLine>(&mut self, place: &Place, key: Option<&str>, wrong: Wrong) -> Result<()> {
        let (origin, line, text) = (place.0, place.1, place.2.as_deref());
        let noun = L::Entity::KIND.noun();
        let what = match (key, text) {
            (Some(key), _) => format!("{noun} {key:?}"),
            (None, Some(text)) => Tag::read(text).map_or_else(|_| noun.to_owned(), |tag| tag.what()),
            (None, None) => noun.to_owned(),
        };
        self.stage.refuse(origin, Some(line), text, Some(what), wrong)
    }
}

/// Where a record stands: in which file, on which line, and the line, where it is one of JSON.
type Place = (u32, u64, Option<String>);

/// Assertions that wait to be let in together.
struct Drafts<L: ClaimLine> {
    drafts: Vec<<L::Entity as Claim>::Draft>,
    places: Vec<Place>,
}

impl<L: ClaimLine> Default for Drafts<L> {
    fn default() -> Self {
        Self { drafts: Vec::new(), places: Vec::new() }
    }
}

impl<L: ClaimLine> Drafts<L> {
    fn push(&mut self, draft: <L::Entity as Claim>::Draft, place: Place) {
        self.drafts.push(draft);
        self.places.push(place);
    }
}

/// How a node is to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// If what it refers to is yet to come, later.
    Waiting,
    /// Now.
    Once,
    /// Once more, with the links that it had to go without.
    Again,
}

fn parse<L: ClaimLine + 'static>(frames: Frames, advance: impl Fn(u64) + Send + 'static) -> Parsing<L> {
    Box::new(frames.map(move |frame| {
        let Frame { origin, line, text } = frame?;
        advance(u64::try_from(text.len()).unwrap_or(0));
        Ok(Parsed { origin, line, record: record::said(&text), text: Some(text) })
    }))
}

/// Reads in a thread of its own, a few batches ahead.
fn batches<L: ClaimLine + 'static>(parsings: Vec<Parsing<L>>) -> mpsc::Receiver<Result<Vec<Parsed<L>>>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for parsed in parsings.into_iter().flatten() {
            let parsed = match parsed {
                Ok(parsed) => parsed,
                // Whoever no longer listens has found an error before this one.
                Err(error) => {
                    _ = sender.blocking_send(Err(error));
                    return;
                }
            };
            bytes += parsed.text.as_ref().map_or(0, String::len);
            batch.push(parsed);
            if batch.len() >= bulk::BATCH || bytes >= BATCH_BYTES_MAX {
                bytes = 0;
                if sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                    return;
                }
            }
        }
        if !batch.is_empty() {
            _ = sender.blocking_send(Ok(batch));
        }
    });
    receiver
}

fn nameless() -> Error {
    Error::refused(Code::Required, "externalId", "must be given, so that loading the file again changes nothing")
}
