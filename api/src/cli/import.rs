//! `demarche import`: files of the interchange format, tables through a mapping, databases of Discourse Network Analyzer.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::load::recorder;
use super::{open_current, say};
use crate::config::Config;
use demarche_core::error::{Error, Result};
use demarche_core::op::Op;
use demarche_import::{self as import, Meter, OnError, Options, Report};

/// What to import, and how.
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// A file of the interchange format (plain, gzip or zstd) or a database of Discourse Network Analyzer 3; - for the
    /// standard input; with --mapping the folder of the tables
    input: PathBuf,
    /// The mapping that says which column becomes which field
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The slug of the dossier that a database of Discourse Network Analyzer goes into; it is made if it is not there
    /// [default: the name of the file]
    #[arg(long, value_name = "SLUG", conflicts_with = "mapping")]
    dossier: Option<String>,
    /// Check everything and report, but keep nothing
    #[arg(long)]
    dry_run: bool,
    /// What to do with a record that cannot be let in: load nothing at all, or report it and load the rest
    #[arg(long, value_name = "HOW", default_value = "abort")]
    on_error: How,
    /// The address of the account that records it [default: the only account that may]
    #[arg(long = "as", value_name = "EMAIL")]
    recorder: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    Abort,
    Skip,
}

impl Import {
    /// Does it.
    pub async fn run(self, config: &Config) -> Result<()> {
        let base = open_current(config).await?;
        let op = recorder(&base, self.recorder.as_deref(), "import").await?;
        let on_error = match self.on_error {
            How::Abort => OnError::Abort,
            How::Skip => OnError::Skip,
        };
        let options = Options { on_error, dry_run: self.dry_run, ..Options::default() };
        let progress = Progress::start(Arc::clone(&options.meter));
        let report = self.import(&op, &options).await;
        progress.stop();
        let report = report?;
        drop(op);
        base.store.close().await;
        let refused = report.refused;
        say(report)?;
        if self.dry_run {
            say("nothing was kept: this was a dry run")?;
        }
        match refused {
            0 => Ok(()),
            1 => Err(Error::BadInput("one record was refused".to_owned())),
            refused => Err(Error::BadInput(format!("{refused} records were refused"))),
        }
    }

    async fn import(&self, op: &Op, options: &Options) -> Result<Report> {
        if let Some(mapping) = &self.mapping {
            return import::load_mapped(op, mapping, &self.input, options).await;
        }
        if self.input == Path::new("-") {
            return import::load_with(op, stdin(), options).await;
        }
        let name = self.input.display();
        let cannot = |cause: io::Error| Error::BadInput(format!("cannot read {name}: {cause}"));
        let mut start = Vec::new();
        File::open(&self.input).and_then(|file| file.take(16).read_to_end(&mut start)).map_err(cannot)?;
        let named_so = self.input.extension().is_some_and(|extension| extension == "dna");
        if named_so || import::is_sqlite(&start) {
            let stem = self.input.file_stem().unwrap_or_default().to_string_lossy();
            let dossier = self.dossier.clone().unwrap_or_else(|| stem.to_lowercase());
            return import::load_dna(op, &self.input, &dossier, options).await;
        }
        if self.dossier.is_some() {
            let message = "--dossier is for databases of Discourse Network Analyzer: a file of the interchange format names its own";
            return Err(Error::BadInput(message.to_owned()));
        }
        import::load_with(op, File::open(&self.input).map_err(cannot)?, options).await
    }
}

/// Says on the standard error how far it is: in one line that changes on a terminal, in a line now and then elsewhere.
struct Progress {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Progress {
    fn start(meter: Arc<Meter>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let terminal = io::stderr().is_terminal();
        let pause = Duration::from_millis(if terminal { 250 } else { 10_000 });
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let line = said(meter.records(), meter.share(), begun.elapsed());
                let (start, end) = if terminal { ("\r\x1b[K", "") } else { ("", "\n") };
                // Nobody may be listening.
                _ = write!(io::stderr().lock(), "{start}{line}{end}");
            }
            if terminal {
                _ = write!(io::stderr().lock(), "\r\x1b[K");
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        // It has nothing to say any more.
        _ = self.thread.join();
    }
}

/// How far it is, how fast, and how long it will take.
fn said(records: u64, share: Option<f64>, elapsed: Duration) -> String {
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = records.saturating_mul(1_000) / ms;
    let mut line = format!("{records} records, {rate} a second");
    if let Some(share) = share.filter(|share| *share > 0.0) {
        let left = elapsed.mul_f64((1.0 - share) / share);
        line.push_str(&format!(
            ", {:.0} %, {} left",
            share * 100.0,
            humantime::format_duration(Duration::from_secs(left.as_secs()))
        ));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_fast_and_how_long() {
        assert_eq!(said(500, None, Duration::from_secs(2)), "500 records, 250 a second");
        let half = said(1_000, Some(0.25), Duration::from_secs(30));
        assert_eq!(half, "1000 records, 33 a second, 25 %, 1m 30s left");
        assert_eq!(said(0, Some(0.0), Duration::ZERO), "0 records, 0 a second");
    }
}
