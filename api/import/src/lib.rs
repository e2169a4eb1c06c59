#![doc = include_str!("README.md")]

mod dna;
mod draft;
mod input;
mod lines;
mod mapping;
mod meter;
mod record;
mod report;
mod resolve;
mod run;
mod spool;
mod stage;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use entity::words::AuditAction;
use futures_util::future::BoxFuture;
use tracing::warn;

pub use self::meter::Meter;
pub use self::report::{Refusal, Report};

use self::lines::Lines;
use self::mapping::Mapping;
use self::record::HEADER_EXPECTED;
use self::run::NoTables;
use self::stage::{Origin, Stage};
use demarche_core::domain::audit;
use demarche_core::error::{Error, Result};
use demarche_core::op::Op;

/// The sample dossier, in the program itself.
pub const SAMPLE: &str = include_str!("../../sample/us-mexico-cartel-strikes.jsonl");

/// What to do with a record that cannot be let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Nothing is loaded.
    #[default]
    Abort,
    /// It is reported, and the rest is loaded.
    Skip,
}

/// How to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do with a record that cannot be let in.
    pub on_error: OnError,
    /// Check everything and report, but keep nothing.
    pub dry_run: bool,
    /// The most bytes of a file of the interchange format, when it is unpacked.
    pub bytes_max: u64,
    /// How far it is.
    pub meter: Arc<Meter>,
}

impl Default for Options {
    fn default() -> Self {
        Self { on_error: OnError::default(), dry_run: false, bytes_max: u64::MAX, meter: Arc::default() }
    }
}

/// Whether the actor may import at all: for a door that asks before it takes a long file.
///
/// # Errors
/// [`Error::Unauthenticated`] or [`Error::Forbidden`] if not.
pub fn may(op: &Op) -> Result<()> {
    demarche_core::domain::assertion::may_write(op)
}

/// Loads a file of the interchange format: all of it, or nothing.
///
/// # Errors
/// As [`load_with`].
pub async fn load(op: &Op, reader: impl Read + Send) -> Result<Report> {
    load_with(op, reader, &Options::default()).await
}

/// Loads a file of the interchange format, plain or packed, in one transaction. The reads block the thread; the
/// transaction begins when all has been read.
///
/// # Errors
/// [`Error::BadInput`] that names the line and what is wrong with it, if nothing may be refused or the file cannot be read;
/// [`Error::Unauthenticated`] and [`Error::Forbidden`] if the actor may not write; [`Error::Internal`] if the database
/// fails. Nothing is kept then.
pub async fn load_with(op: &Op, reader: impl Read + Send, options: &Options) -> Result<Report> {
    load_read(op, Box::new(reader), options).await
}

fn load_read<'a>(op: &'a Op, reader: Box<dyn Read + Send + 'a>, options: &'a Options) -> BoxFuture<'a, Result<Report>> {
    logged(op, load_lines(op, reader, options))
}

async fn load_lines(op: &Op, reader: Box<dyn Read + Send + '_>, options: &Options) -> Result<Report> {
    let mut stage = Stage::new(options.on_error, Arc::clone(&options.meter));
    let origin = stage.origin(Origin::default());
    let mut lines = Lines::new(input::unpacked(reader)?);
    match lines.next()? {
        Some((number, text)) => {
            let (text, checked) = match text {
                Ok(text) => (Some(text), record::check_header(text)),
                Err(wrong) => (None, Err(wrong)),
            };
            if let Err(wrong) = checked {
                stage.on_error = OnError::Abort;
                stage.refuse(origin, Some(number), text, None, wrong)?;
            }
        }
        None => return Err(Error::BadInput(format!("the file is empty: {HEADER_EXPECTED}"))),
    }
    while let Some((number, text)) = lines.next()? {
        if stage.bytes() > options.bytes_max {
            return Err(Error::BadInput(format!("line {number}: the file has more than {} bytes", options.bytes_max)));
        }
        match text {
            Ok(text) => stage.push(origin, number, text)?,
            Err(wrong) => stage.refuse(origin, Some(number), None, None, wrong)?,
        }
    }
    options.meter.expect(stage.bytes());
    finish(op, stage, NoTables, options).await
}

/// Loads the tables of a folder that a mapping speaks of, in one transaction.
///
/// # Errors
/// As [`load_with`]; and if the mapping does not fit the tables, with its line and column.
pub fn load_mapped<'a>(
    op: &'a Op,
    mapping: &'a Path,
    folder: &'a Path,
    options: &'a Options,
) -> BoxFuture<'a, Result<Report>> {
    logged(op, async move {
        let mut stage = Stage::new(options.on_error, Arc::clone(&options.meter));
        let tables = Mapping::read(mapping)?.stage(folder, &mut stage, options.bytes_max)?;
        finish(op, stage, tables, options).await
    })
}

/// Whether a file begins as those of SQLite do: Discourse Network Analyzer's are such.
pub fn is_sqlite(start: &[u8]) -> bool {
    start.starts_with(dna::MAGIC)
}

/// Loads a database of Discourse Network Analyzer 3 into a dossier, in one transaction.
///
/// # Errors
/// As [`load_with`]; and if the file is no such database.
pub fn load_dna<'a>(
    op: &'a Op,
    path: &'a Path,
    dossier: &'a str,
    options: &'a Options,
) -> BoxFuture<'a, Result<Report>> {
    logged(op, async move {
        let mut stage = Stage::new(options.on_error, Arc::clone(&options.meter));
        dna::stage(path, dossier, &mut stage).await?;
        options.meter.expect(stage.bytes());
        finish(op, stage, NoTables, options).await
    })
}

/// From this many records on, an import makes of the tables something else than the database has planned for.
const STATISTICS_FROM: u64 = 10_000;

/// An import, which leaves an entry in the audit log also if it is refused or fails. Boxed, so that it is compiled here, once,
/// and not again by each that awaits it.
fn logged<'a>(op: &'a Op, load: impl Future<Output = Result<Report>> + Send + 'a) -> BoxFuture<'a, Result<Report>> {
    Box::pin(async move {
        let done = load.await;
        if let Err(error) = &done {
            audit::not_done(op, AuditAction::Write, error).await?;
        }
        done
    })
}

async fn finish(op: &Op, mut stage: Stage, tables: impl run::Tables + Send, options: &Options) -> Result<Report> {
    let op = op.begin().await?;
    run::load(&op, &mut stage, tables).await?;
    if !options.dry_run {
        let store = op.base.store.clone();
        op.commit().await?;
        let written = stage.report.created + stage.report.edited + stage.report.superseded;
        if written >= STATISTICS_FROM
            && let Err(error) = store.refresh_statistics().await
        {
            // All is imported, and the database will look by itself later.
            warn!(%error, "the database did not look at its tables after an import");
        }
    }
    Ok(stage.report)
}

#[cfg(test)]
mod tests;
