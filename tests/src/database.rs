//! A database for each test: a copy of one that was migrated, and filled, once.
//!
//! PostgreSQL comes from `DEMARCHE_TEST_POSTGRES_URL` or, if that is not set, from a private cluster that lives as long as
//! this process, made with the `initdb` and `postgres` found on the machine. `DEMARCHE_TEST_POSTGRES=required` turns
//! "skipped" into a failure.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use demarche_core::store::{Place, Store};
use sea_orm::{ConnectionTrait, Database as Sea, DatabaseConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database of a test's own. A file is gone when this is dropped; one of a server when it has come to its [`end`](Self::end).
#[derive(Debug)]
pub struct Database {
    /// Of which kind it is.
    pub engine: Engine,
    /// Where it is.
    pub url: String,
    folder: Option<TempDir>,
}

impl Database {
    /// Opens it.
    pub async fn open(&self) -> Store {
        Store::open(&place(&self.url)).await.unwrap()
    }

    /// Takes it away, if the test has not. One that fails does not come here: its database of a server may be looked at for as
    /// long as the server runs.
    pub async fn end(self) {
        if self.engine == Engine::Postgres {
            let admin = admin(server().unwrap()).await;
            admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name())).await.unwrap();
            admin.close().await.unwrap();
        }
    }

    fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// A folder that lives as long as the database.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// How tests open a database.
pub fn place(url: &str) -> Place {
    Place { url: url.to_owned(), connections_max: 4, wait_max: Duration::from_secs(20) }
}

/// What tests get copies of: a database that is filled once for each engine, however many tests ask for it. One of a server stays
/// there as long as the server.
pub struct Template {
    /// What is in it.
    sqlite: OnceCell<Vec<u8>>,
    /// What it is called.
    postgres: OnceCell<String>,
}

impl Template {
    /// One that nobody has filled yet.
    #[expect(clippy::new_without_default, reason = "it stands in a static")]
    pub const fn new() -> Self {
        Self { sqlite: OnceCell::const_new(), postgres: OnceCell::const_new() }
    }

    /// A copy, or why there can be none. `fill` makes what is copied, and leaves nothing of it open.
    pub async fn copy(
        &self,
        engine: Engine,
        fill: impl AsyncFnOnce() -> Result<Database, String>,
    ) -> Result<Database, String> {
        match engine {
            Engine::Sqlite => {
                let filled = self.sqlite.get_or_try_init(async || Ok::<_, String>(bytes(fill().await?).await)).await?;
                let database = sqlite_in(TempDir::new().unwrap());
                std::fs::write(database.folder().unwrap().join("test.db"), filled).unwrap();
                Ok(database)
            }
            Engine::Postgres => {
                let filled = async || Ok::<_, String>(fill().await?.name().to_owned());
                postgres_from(Some(self.postgres.get_or_try_init(filled).await?)).await
            }
        }
    }
}

/// A migrated database, or why there can be none.
pub async fn fresh(engine: Engine) -> Result<Database, String> {
    static MIGRATED: Template = Template::new();
    let migrated = async || {
        let database = empty(engine).await?;
        let store = database.open().await;
        store.migrate_up().await.unwrap();
        store.close().await;
        Ok(database)
    };
    MIGRATED.copy(engine, migrated).await
}

/// A database without any table, or why there can be none.
pub async fn empty(engine: Engine) -> Result<Database, String> {
    match engine {
        Engine::Sqlite => Ok(sqlite_in(TempDir::new().unwrap())),
        Engine::Postgres => postgres_from(None).await,
    }
}

fn sqlite_in(folder: TempDir) -> Database {
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    Database { engine: Engine::Sqlite, url, folder: Some(folder) }
}

/// What is in a database of SQLite, in one file, without a log beside it.
async fn bytes(database: Database) -> Vec<u8> {
    let copy = database.folder().unwrap().join("copy.db");
    let connection = Sea::connect(&database.url).await.unwrap();
    connection.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await.unwrap();
    connection.close().await.unwrap();
    std::fs::read(copy).unwrap()
}

/// Where the PostgreSQL server is, as a URL without a database.
fn server() -> Result<&'static str, String> {
    static SERVER: OnceLock<Result<String, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var("DEMARCHE_TEST_POSTGRES_URL") {
        Ok(url) => Ok(url.trim_end_matches('/').to_owned()),
        Err(_) => Cluster::start(),
    });
    match server {
        Ok(url) => Ok(url),
        Err(missing) if std::env::var("DEMARCHE_TEST_POSTGRES").is_ok_and(|how| how == "required") => {
            panic!("PostgreSQL is required: {missing}")
        }
        Err(missing) => Err(missing.clone()),
    }
}

async fn admin(server: &str) -> DatabaseConnection {
    Sea::connect(format!("{server}/postgres")).await.unwrap()
}

/// A new database of the server's, with what is in `template`.
async fn postgres_from(template: Option<&str>) -> Result<Database, String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = server()?;
    let name = format!("demarche_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = admin(server).await;
    let template = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}{template}")).await.unwrap();
    admin.close().await.unwrap();
    Ok(Database { engine: Engine::Postgres, url: format!("{server}/{name}"), folder: None })
}

/// A private PostgreSQL cluster. It ends with this process, however that ends: a shell waits for our end of a pipe to close,
/// and takes the folder away.
struct Cluster {
    _guard: Child,
}

impl Cluster {
    fn start() -> Result<String, String> {
        static RUNNING: Mutex<Option<Cluster>> = Mutex::new(None);
        let bin = bin().ok_or("DEMARCHE_TEST_POSTGRES_URL is not set and there is no initdb on this machine")?;
        let folder = tempfile::Builder::new().prefix("demarche-pg").tempdir_in(roomy()).map_err(|e| e.to_string())?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
        let script = format!(
            "set -e\n\
             trap '' INT TERM HUP\n\
             folder=$(pwd)\n\
             '{bin}/initdb' -D data -U demarche -A trust -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1\n\
             '{bin}/postgres' -D data -p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 >>log 2>&1 &\n\
             server=$!\n\
             until grep -q 'ready to accept connections' log; do kill -0 $server; sleep 0.05; done\n\
             echo ready\n\
             cat >/dev/null\n\
             kill -QUIT $server\n\
             wait $server || true\n\
             cd /\n\
             rm -rf \"$folder\"\n",
            bin = bin.display(),
        );
        let mut guard = shell(folder.path(), &script).map_err(|e| format!("no private cluster: {e}"))?;
        let mut said = String::new();
        let out = guard.stdout.as_mut().ok_or("no pipe")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut said).map_err(|e| e.to_string())?;
        if said.trim() != "ready" {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            return Err(format!("the private cluster did not start: {log}"));
        }
        // Its own shell takes it away, later than we could.
        let _ = folder.keep();
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Self { _guard: guard });
        Ok(format!("postgres://demarche@127.0.0.1:{port}"))
    }
}

/// Where the cluster is kept: in memory, if there is room. A database is hundreds of small files, which disks take half a second
/// to make. The suite needs 250 MB; the benches fill several databases, and what is written ahead of them comes on top.
fn roomy() -> PathBuf {
    const KILOBYTES: u64 = 4_000_000;
    let memory = Path::new("/dev/shm");
    let said = Command::new("df").args(["-Pk"]).arg(memory).output().map(|df| df.stdout).unwrap_or_default();
    let free =
        String::from_utf8_lossy(&said).lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    if free.is_some_and(|free: u64| free > KILOBYTES) { memory.to_owned() } else { std::env::temp_dir() }
}

/// The folder of PostgreSQL's programs: that on the path, or the newest of Debian's.
fn bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin"))
        .collect();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Starts a script in a folder; as nobody if we are root, whom PostgreSQL refuses.
fn shell(folder: &Path, script: &str) -> std::io::Result<Child> {
    let mut file = std::fs::File::create(folder.join("run.sh"))?;
    file.write_all(script.as_bytes())?;
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = if root {
        std::os::unix::fs::chown(folder, Some(65534), Some(65534))?;
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "run.sh"]);
        command
    } else {
        let mut command = Command::new("sh");
        command.arg("run.sh");
        command
    };
    // The folder is made for us alone; its server is not us any more.
    command
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}
