//! Assertions, in batches that are read while the one before them is written.

use std::sync::Arc;

use entity::kind::Kind;
use entity::record::Record;
use tokio::sync::mpsc;

use super::super::draft::ClaimLine;
use super::super::record::{self, Retraction, Said, Tag};
use super::super::report::{Wrong, wrong};
use super::super::spool::{Frame, Frames};
use super::{BATCH_BYTES_MAX, Parsed, Parsing, Run, Tables, nameless};
use demarche_core::domain::assertion::{self, Claim};
use demarche_core::domain::bulk::{self, Bulk, Fate};
use demarche_core::domain::node::Put;
use demarche_core::error::{Error, Result};
use demarche_core::op::Op;

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

impl Run<'_> {
    pub(super) async fn each_claim<L: ClaimLine + 'static, T: Tables>(&mut self, tables: Option<&mut T>) -> Result<()> {
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
        let Err(error) = self.each_batch::<L>(&mut bulk, parsings).await else {
            return bulk.finish(self.names.op()).await;
        };
        match (error, bulk.settle().await) {
            // Once something could not be written, PostgreSQL answers nothing any more: what counts is why.
            (Error::Internal(_), Err(cause)) => Err(cause),
            // What is wrong with the file counts, whatever became of what was still being written: nothing of it stays.
            (error, _) => Err(error),
        }
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
