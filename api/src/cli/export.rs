//! `demarche export`: what one may take away, as a file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write, stderr, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use tokio::sync::mpsc::Receiver;
use tokio::task::spawn_blocking;

use super::open_current;
use crate::config::Config;
use demarche_core::error::{Error, Result};
use demarche_core::store::stream::Outlet;
use demarche_export::{Compression, Export as Written, Manifest};
use demarche_export_request::read;

/// What to export, how, and in whose name.
#[derive(Clone, Debug, Args)]
pub struct Export {
    /// What: dossiers, stakeholders, mechanisms, conditions, arguments, sources, positions, relations, statuses, findings,
    /// events, implications, ratings, changes (of them all), standings; network (of stakeholders and mechanisms) or archive (of all there is)
    kind: String,
    /// csv, jsonl, parquet or arrow; of a network graphml, gexf or csv (edges); of an archive jsonl (what `load` takes back) or jsonld
    #[arg(long, value_name = "FORMAT")]
    format: String,
    /// The file, beside which FILE.manifest.json says what is in it; the standard output if left out, and the cursor for `--since`
    /// on the standard error
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The columns, joined by commas; through references by path, as in stakeholder.name,stance
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Which: the filter of the GraphQL connection, as JSON
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// In which order: `orderBy` of the GraphQL connection, as JSON
    #[arg(long, value_name = "JSON")]
    order_by: Option<String>,
    /// As of when: `asOf` of the GraphQL connection, as JSON
    #[arg(long, value_name = "JSON")]
    as_of: Option<String>,
    /// Only what has changed after this cursor, as the manifest of an earlier export has it
    #[arg(long, value_name = "CURSOR")]
    since: Option<String>,
    /// The rule of standings
    #[arg(long)]
    rule: Option<String>,
    /// The slug of the only dossier
    #[arg(long, value_name = "SLUG")]
    dossier: Option<String>,
    /// Leaves texts that a spreadsheet would run as formulas as they are
    #[arg(long)]
    raw: bool,
    /// How to compress it [default: as the name of the file says]
    #[arg(long, value_name = "HOW")]
    compress: Option<Compress>,
    /// The address of the account that exports it [default: the only account that may record]
    #[arg(long = "as", value_name = "EMAIL")]
    actor: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Compress {
    None,
    Gzip,
    Zstd,
}

impl Export {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let arguments = self.arguments()?;
        let base = open_current(config).await?;
        let op = super::load::recorder(&base, self.actor.as_deref(), "export").await?;
        let request = read(&op, &self.kind, &self.format, &arguments, self.compression(), None)?;
        let mut export = Written::open(&op, request).await?;
        let (outlet, bytes) = Outlet::new();
        let output = self.output.clone();
        let writing = spawn_blocking(move || match output {
            Some(path) => into_file(&path, bytes),
            None => into_stdout(bytes),
        });
        let written = export.write(Some(&outlet), 0).await;
        drop(outlet);
        // If the file cannot be written, that is why it could not be taken.
        let there = writing.await.map_err(Error::internal)??;
        if there == Taken::Enough {
            return Ok(());
        }
        let (manifest, _) = written?;
        match &self.output {
            Some(path) => keep(path, &manifest)?,
            None => writeln!(stderr(), "cursor: {}", manifest.cursor).map_err(Error::internal)?,
        }
        base.store.close().await;
        Ok(())
    }

    fn arguments(&self) -> Result<Map<String, Value>> {
        let mut arguments = Map::new();
        let json = [("filter", &self.filter), ("orderBy", &self.order_by), ("asOf", &self.as_of)];
        for (name, text) in json {
            if let Some(text) = text {
                let value = serde_json::from_str(text)
                    .map_err(|cause| Error::BadInput(format!("{name}: is not JSON: {cause}")))?;
                arguments.insert(name.to_owned(), value);
            }
        }
        for (name, text) in [("rule", &self.rule), ("dossier", &self.dossier), ("since", &self.since)] {
            if let Some(text) = text {
                arguments.insert(name.to_owned(), text.as_str().into());
            }
        }
        if let Some(columns) = &self.columns {
            arguments.insert("columns".to_owned(), columns.iter().map(|name| name.trim()).collect());
        }
        if self.raw {
            arguments.insert("raw".to_owned(), true.into());
        }
        Ok(arguments)
    }

    fn compression(&self) -> Compression {
        let ending = self.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
        match (self.compress, ending) {
            (Some(Compress::Gzip), _) | (None, Some("gz")) => Compression::Gzip,
            (Some(Compress::Zstd), _) | (None, Some("zst")) => Compression::Zstd,
            (Some(Compress::None), _) | (None, _) => Compression::None,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Taken {
    All,
    /// Whoever reads the standard output has had enough, as in `demarche export … | head`.
    Enough,
}

/// Writes a file under another name first, so that one that is not whole never stands under its own.
fn into_file(path: &Path, mut bytes: Receiver<Vec<u8>>) -> Result<Taken> {
    let part = beside(path, ".part");
    let cannot = |cause: io::Error| Error::BadInput(format!("cannot write {}: {cause}", part.display()));
    let mut file = File::create(&part).map_err(cannot)?;
    while let Some(piece) = bytes.blocking_recv() {
        file.write_all(&piece).map_err(cannot)?;
    }
    file.sync_all().map_err(cannot)?;
    Ok(Taken::All)
}

fn into_stdout(mut bytes: Receiver<Vec<u8>>) -> Result<Taken> {
    let mut out = stdout().lock();
    let mut write = || {
        while let Some(piece) = bytes.blocking_recv() {
            out.write_all(&piece)?;
        }
        // Of a file without lines, some may still wait here.
        out.flush()
    };
    match write() {
        Ok(()) => Ok(Taken::All),
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(Taken::Enough),
        Err(cause) => Err(Error::BadInput(format!("cannot write: {cause}"))),
    }
}

/// Gives a file that is whole its name, and its manifest beside it.
fn keep(path: &Path, manifest: &Manifest) -> Result<()> {
    let cannot = |cause: io::Error| Error::BadInput(format!("cannot write {}: {cause}", path.display()));
    fs::rename(beside(path, ".part"), path).map_err(cannot)?;
    let mut text = serde_json::to_string_pretty(manifest)?;
    text.push('\n');
    fs::write(beside(path, ".manifest.json"), text).map_err(cannot)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
