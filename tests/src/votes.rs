//! The roll calls of the United Nations, for benchmarks: where they lie, and their import by a process of its own, so that what
//! an import takes of memory is not found in the process that is measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use demarche_core::domain::account;
use demarche_core::op::{Actor, Base, Ids, SystemClock};
use demarche_core::store::Store;
use demarche_import::{self as import, Options};

use crate::database::place;

/// How many votes they are.
pub const ROWS: u64 = 870_109;
/// The dossier that the mapping makes of them.
pub const DOSSIER: &str = "un-general-assembly";
/// In whose name they are imported.
pub const ANALYST: &str = "analyst@example.org";
/// What this process is told to be the one that imports.
const CHILD: &str = "import-votes";

/// Where they lie.
///
/// # Errors
/// If they are not there.
pub fn folder() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/un-votes");
    if folder.exists() { Ok(folder) } else { Err(format!("{} is not there", folder.display())) }
}

/// The mapping that ships with the program.
pub fn mapping() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/mappings/un-votes.toml")
}

/// Imports them into a database that has an account of the analyst, in a process of its own, which has to call [`serve`] when it
/// begins. What it says of it: the report, and its memory.
pub fn load(url: &str, folder: &Path, mapping: &Path) -> String {
    let said = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, url])
        .args([folder, mapping])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(said.status.success());
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

/// Whether this process was started by [`load`]; if so, it has imported them.
pub async fn serve() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, child, url, folder, mapping] = arguments.as_slice() else { return false };
    if child != CHILD {
        return false;
    }
    let store = Store::open(&place(url)).await.unwrap();
    let base = Base { store, clock: Arc::new(SystemClock), ids: Arc::new(Ids::new(2)) };
    let analyst = account::find(&base.op(Actor::Anonymous), ANALYST).await.unwrap().unwrap();
    let op = account::acting(&base, analyst.id).await.unwrap();
    let most = watch();
    let report = import::load_mapped(&op, Path::new(mapping), Path::new(folder), &Options::default()).await.unwrap();
    drop(op);
    base.store.close().await;
    let (all, anonymous) = (memory("VmHWM:") / 1024, most.load(Ordering::Relaxed) / 1024);
    println!("{report}; peak memory {all} MB, of it anonymous {anonymous} MB");
    true
}

/// The most memory without pages of files that this process has from now on, in kilobytes.
fn watch() -> Arc<AtomicU64> {
    let most = Arc::new(AtomicU64::new(0));
    let peak = most.clone();
    std::thread::spawn(move || {
        loop {
            peak.fetch_max(memory("RssAnon:"), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    most
}

/// A figure of the system about this process, in kilobytes.
pub fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
