//! Exports: what one may take away, from one snapshot of the database, in constant memory, with a manifest by which a file
//! that was cut off is recognised.
//!
//! [`mod@column`] says of every stored column whether it may leave. What may leave is read as narrow rows; what those refer to is
//! read once, in the same snapshot, and kept in memory as it will be written.
//!
//! # What has changed since
//!
//! Each file has a cursor that belongs to its snapshot. Given back as `since`, the next file has only the records that have
//! changed after it, as they are now; in JSON Lines also what became of the others.
//!
//! # A download that broke off
//!
//! Nothing is kept for it on the server. Its tag names the moment of its snapshot, and what was on record at a moment can be
//! asked for at any time: the same export as of that moment is written again, and its beginning left out. If anything has
//! made it another file meanwhile (a marking was changed, a dossier deleted), the manifest at its end does not fit the
//! whole, as with any other fault on the way.

mod archive;
pub mod cell;
mod change;
pub mod column;
mod columnar;
mod directory;
mod linked;
mod network;
mod noting;
mod pair;
pub mod pipe;
mod plan;
mod select;
mod since;
mod standing;
mod table;
mod typed;

use std::sync::{Arc, Mutex, PoisonError};

use entity::moment::Moment;
use entity::record::AsOf;
use entity::scope::Scope;
use entity::words::AuditAction;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};

use self::column::{Sheet, Type};
pub use self::network::Network;
pub use self::pipe::Compression;
use self::pipe::{Pipe, Sum, Text};
use self::plan::Plan;
use self::select::Reader;
pub use self::table::Table;
use self::table::{Head, Writer};
use demarche_core::domain;
use demarche_core::domain::change::{Listener, Place, write_cursor};
use demarche_core::domain::export::{Standings, Subject};
use demarche_core::error::{Error, Result};
use demarche_core::op::{Op, Trail};
use demarche_core::store::Store;
use demarche_core::store::stream::{Outlet, Snapshot};

/// What is exported, and in which form.
pub enum Content {
    /// Records of one kind, as a table.
    Records(Box<dyn Subject>, Table),
    /// Changes, as a table.
    Changes(Table),
    /// Standings, as a table.
    Standings(Standings, Table),
    /// Standings, as a network of stakeholders and mechanisms.
    Network(Standings, Network),
    /// The whole of one dossier or of all, in the interchange format.
    Archive,
    /// The same as a JSON-LD document.
    LinkedData,
}

impl Content {
    /// The form of the table, if it is one.
    const fn table(&self) -> Option<Table> {
        match self {
            Self::Records(_, table) | Self::Changes(table) | Self::Standings(_, table) => Some(*table),
            Self::Network(..) | Self::Archive | Self::LinkedData => None,
        }
    }
}

/// What is asked for.
pub struct Request {
    /// What is exported, and in which form.
    pub content: Content,
    /// The columns of a table; the public ones if left out.
    pub columns: Option<Vec<String>>,
    /// On record when, and held when.
    pub as_of: AsOf,
    /// Only what has changed after this place.
    pub since: Option<Place>,
    /// The slug of the only dossier.
    pub dossier: Option<String>,
    /// How the file is compressed.
    pub compression: Compression,
    /// The moment that the snapshot is said to be of.
    pub moment: Moment,
    /// The request in the words of whoever asks, for the manifest.
    pub asked: Map<String, Value>,
}

/// What a file holds: by this, one that was cut off is recognised.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What was asked for.
    pub request: Map<String, Value>,
    /// The columns, in order.
    pub columns: Vec<String>,
    /// The moment of the snapshot.
    pub snapshot: String,
    /// Where to go on from the state that is in the file: what has changed since is what comes after this.
    pub cursor: String,
    /// The newest migration of the database's schema.
    pub schema: String,
    /// The highest marking that may be in it.
    pub marking_max: &'static str,
    /// How many rows there are.
    pub rows: u64,
    /// How many bytes, before compression, and without the manifest.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
}

/// An export that can be written.
pub struct Export {
    op: Op,
    snapshot: Snapshot,
    scope: Scope,
    dossier: Option<i64>,
    listener: Listener,
    end: Place,
    request: Request,
    columns: Vec<String>,
    /// What each column holds.
    types: Vec<Type>,
    plan: Arc<Plan>,
}

impl Export {
    /// Takes a snapshot and reads what rows refer to: after this, only a fault can keep the file from being written.
    ///
    /// # Errors
    /// [`Error::BadInput`] if the request makes no sense, [`Error::Unauthenticated`], [`Error::Forbidden`] and
    /// [`Error::NotFound`] if the actor may not, [`Error::Internal`] if the database fails.
    pub fn open(op: &Op, request: Request) -> BoxFuture<'_, Result<Self>> {
        Box::pin(async move {
            let opened = Self::prepare(op, request).await;
            if let Err(error) = &opened {
                domain::audit::not_done(op, AuditAction::Export, error).await?;
            }
            opened
        })
    }

    async fn prepare(op: &Op, request: Request) -> Result<Self> {
        let sheet = match &request.content {
            Content::Records(subject, table) => Some((Sheet::of(subject.kind()), *table)),
            Content::Standings(_, table) => Some((Sheet::standings(), *table)),
            Content::Changes(_) | Content::Network(..) | Content::Archive | Content::LinkedData => None,
        };
        if sheet.is_none() && request.columns.is_some() {
            return Err(Error::BadInput("columns: only tables of records have any to choose from".to_owned()));
        }
        let columns = match (&sheet, &request.content) {
            (Some((sheet, _)), _) => plan::names(sheet, request.columns.as_deref())?,
            (None, Content::Changes(_)) => change::COLUMNS.map(str::to_owned).to_vec(),
            (None, _) => Vec::new(),
        };
        let types = match (&sheet, &request.content) {
            (Some((sheet, _)), _) => columns.iter().map(|name| plan::typed(sheet, name)).collect(),
            (None, Content::Changes(_)) => change::TYPES.to_vec(),
            (None, _) => Vec::new(),
        };
        let (scope, dossier) = domain::export::open(op, request.dossier.as_deref()).await?;
        let listener = Listener::new(op, scope.clone(), dossier)?;
        let mut snapshot = Snapshot::open(&op.base.store).await?;
        let end =
            change::end(&mut snapshot, &listener, request.since.unwrap_or_default(), request.as_of.recorded).await?;
        let left = Trail::default();
        let mut reader = Reader { snapshot: &mut snapshot, scope: scope.clone(), dossier, as_of: request.as_of, left };
        let plan = match sheet {
            Some((sheet, table)) => {
                Plan::make(&mut reader, &sheet, &columns, table.style(), &table.leads(&columns)).await?
            }
            None => Plan::default(),
        };
        let op = op.clone();
        Ok(Self { op, snapshot, scope, dossier, listener, end, request, columns, types, plan: Arc::new(plan) })
    }

    /// Where to go on from the state that is in the file, as the manifest has it.
    pub fn cursor(&self) -> String {
        write_cursor(self.end)
    }

    /// Writes the file, without its first bytes; without an outlet, it is only measured. Gives the manifest, and how many
    /// bytes the whole file has as it is sent. May be called again: the snapshot is the same.
    ///
    /// # Errors
    /// If the database fails, or nobody takes what is written.
    pub fn write<'a>(&'a mut self, outlet: Option<&'a Outlet>, skip: u64) -> BoxFuture<'a, Result<(Manifest, u64)>> {
        // Boxed, as the opening: so it is compiled here, once, and not again by each that awaits it.
        Box::pin(self.write_file(outlet, skip, true))
    }

    /// The same for whoever does not want the manifest, unless it stands in the file.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn send<'a>(&'a mut self, outlet: Option<&'a Outlet>, skip: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { Ok(self.write_file(outlet, skip, false).await?.1) })
    }

    async fn write_file(&mut self, outlet: Option<&Outlet>, skip: u64, described: bool) -> Result<(Manifest, u64)> {
        let trailer = self.request.content.table().is_some_and(Table::has_asides);
        let pipe = Pipe::new(self.request.compression, skip, described || trailer)?;
        let pipe = Arc::new(Mutex::new(pipe));
        let through = Arc::clone(&pipe);
        let texts =
            Outlet::through(outlet, move |text| through.lock().unwrap_or_else(PoisonError::into_inner).take(text));
        let left = Trail::default();
        let written = self.write_text(&texts, &left).await;
        if written.is_err() && outlet.is_some() {
            // What has left before the file broke off has left.
            domain::export::finish(&self.op, self.dossier, &left).await?;
        }
        let rows = written?;
        drop(texts);
        let pipe = Arc::into_inner(pipe).ok_or_else(|| Error::internal("a text is still written"))?;
        let pipe = pipe.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut manifest = None;
        let (last, _, bytes) = pipe.finish(rows, |sum| {
            let written = self.manifest(sum);
            let line = if trailer { line(&written) } else { Vec::new() };
            manifest = Some(written);
            line
        })?;
        if let Some(outlet) = outlet {
            domain::export::finish(&self.op, self.dossier, &left).await?;
            outlet.send(last).await?;
        }
        let manifest = manifest.ok_or_else(|| Error::internal("a file has no manifest"))?;
        Ok((manifest, bytes))
    }

    /// Writes the text of the file, and notes which records are in it. Gives how many rows there are.
    async fn write_text(&mut self, texts: &Outlet, left: &Trail) -> Result<u64> {
        let about = self.about()?;
        let head = Head { names: &self.columns, types: &self.types, about: &about };
        let plan = &self.plan;
        let writer = |table: &Table| Writer::new(*table, Arc::clone(plan), &head);
        let page = Text::default();
        let mut reader = Reader {
            snapshot: &mut self.snapshot,
            scope: self.scope.clone(),
            dossier: self.dossier,
            as_of: self.request.as_of,
            left: left.clone(),
        };
        let page = match (&self.request.content, self.request.since) {
            (Content::Changes(table), since) => {
                let since = since.unwrap_or_default();
                change::write_log(&mut reader, &self.listener, since, writer(table)?, Some(texts)).await?
            }
            (Content::Records(subject, table), Some(since)) => {
                let (writer, subject, reads) = (writer(table)?, subject.as_ref(), &plan.reads);
                change::write_records(&mut reader, &self.listener, since, subject, reads, writer, Some(texts)).await?
            }
            (Content::Records(subject, table), None) => {
                reader.read_all(subject.as_ref(), &plan.reads, writer(table)?, Some(texts)).await?.finish()?
            }
            (Content::Standings(standings, table), since) => {
                let since = since.map(|since| (&self.listener, since));
                standing::give(standings, &mut reader, since, writer(table)?, Some(texts)).await?.finish()?
            }
            (Content::Network(standings, network), since) => {
                let since = since.map(|since| (&self.listener, since));
                network.write(standings, &mut reader, since, page, Some(texts)).await?
            }
            (Content::Archive, None) => archive::write(&mut reader, page, Some(texts)).await?,
            (Content::Archive, Some(since)) => {
                archive::write_since(&mut reader, &self.listener, since, page, Some(texts)).await?
            }
            (Content::LinkedData, since) => {
                let since = since.map(|since| (&self.listener, since));
                linked::write(&mut reader, since, page, Some(texts)).await?
            }
        };
        texts.send(page.text).await?;
        Ok(page.rows)
    }

    /// What is known of the file before its first row: of the manifest, all but the sum.
    fn about(&self) -> Result<String> {
        let mut about = serde_json::to_value(self.manifest(&Sum::default()))?;
        if let Value::Object(about) = &mut about {
            for sum in ["rows", "bytes", "sha256"] {
                about.remove(sum);
            }
        }
        Ok(about.to_string())
    }

    fn manifest(&self, sum: &Sum) -> Manifest {
        let Sum { rows, bytes, sha256 } = sum.clone();
        Manifest {
            request: self.request.asked.clone(),
            columns: self.columns.clone(),
            snapshot: cell::moment(self.request.moment.0),
            cursor: self.cursor(),
            schema: Store::schema(),
            marking_max: cell::marking(step(&self.scope)),
            rows,
            bytes,
            sha256,
        }
    }
}

fn step(scope: &Scope) -> i64 {
    use sea_orm::ActiveEnum;
    scope.clearance().to_value().into()
}

/// The manifest as the last line of a JSON Lines file.
fn line(manifest: &Manifest) -> Vec<u8> {
    let mut line = serde_json::json!({ "manifest": manifest }).to_string().into_bytes();
    line.push(b'\n');
    line
}
