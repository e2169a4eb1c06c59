//! Nodes, one by one.

use entity::kind::Kind;
use entity::record::Record;

use super::super::OnError;
use super::super::draft::NodeLine;
use super::super::record::{self, Tag};
use super::super::report::{Wrong, wrong};
use super::super::spool::{Frame, Frames};
use super::{BATCH_BYTES_MAX, Run, nameless};
use demarche_core::domain::bulk::{self, Bulk};
use demarche_core::domain::node::{self, Concept, Put};
use demarche_core::error::Result;

/// How a node is to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// If what it refers to is yet to come, later.
    Waiting,
    /// Now.
    Once,
    /// Once more, with the links that it had to go without.
    Again,
}

impl Run<'_> {
    /// Loads the nodes of a kind. Those that refer to one of their own kind that is yet to come wait for it; in the end,
    /// those that wait for each other are let in without these links, and then linked.
    pub(super) async fn each_node<L: NodeLine>(&mut self) -> Result<()> {
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

    pub(super) async fn node<L: NodeLine>(&mut self, frame: &Frame, way: Way) -> Result<Option<i64>> {
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
}
