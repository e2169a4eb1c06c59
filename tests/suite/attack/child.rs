//! The server in a process of its own: one that an attack may end, and whose time and memory can be measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use demarche_api::http::Settings;
use demarche_tests::{Content, Engine, World};

/// The name of the test that is the server, below.
const SERVER: &str = "attack::child::the_server_under_attack";

/// The server in a process of its own. It ends when this is dropped.
pub struct Server {
    child: Child,
    _stdin: ChildStdin,
    /// Where it listens.
    pub address: String,
    /// A token of a reader.
    pub token: String,
}

impl Server {
    /// Starts it on a database of its own with the sample.
    pub fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([SERVER, "--exact", "--ignored", "--nocapture"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        // The test runner has its own lines in between.
        let line = BufReader::new(stdout).lines().map(Result::unwrap).find_map(|line| {
            let (_, rest) = line.split_once("serving ")?;
            let (address, token) = rest.split_once(' ')?;
            Some((address.to_owned(), token.to_owned()))
        });
        let (address, token) = line.expect("the server did not start");
        Self { child, _stdin: stdin, address, token }
    }

    /// The processor time that it has used.
    pub fn time(&self) -> Duration {
        let stat = self.read("stat");
        // After the name of the program in brackets: user and system time are the 12th and 13th, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        Duration::from_millis(10 * fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>())
    }

    /// The most memory that it ever had, in bytes.
    pub fn memory(&self) -> u64 {
        let status = self.read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    fn read(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(path).expect("the server has ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "it is the server that other tests attack, in a process of its own"]
fn the_server_under_attack() {
    async fn serving(world: World) -> World {
        let settings = Settings { body_wait_max: Duration::from_secs(2), ..demarche_tests::world::unlimited() };
        let (address, token) = (world.another(settings).await, world.reader().await.token.unwrap());
        println!("serving {address} {token}");
        std::io::stdout().flush().unwrap();
        // Until whoever started it lets go.
        let wait = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
        world
    }
    demarche_tests::run(
        "the server under attack",
        Engine::Sqlite,
        Content::Sample,
        Box::new(|world| Box::pin(serving(world))),
    );
}
