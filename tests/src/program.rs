//! The program itself, as a user runs it.
//!
//! Cargo only tells the tests of a binary's own package where it is, and only `cargo test --workspace` or one of that
//! package builds it beside us. So it is asked for here, once per run: where it is up to date already, that takes an instant,
//! and a test never runs an older program than the code that it was built with.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the program is.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // target/<profile>/deps/suite-… is this test; the program lies in target/<profile>.
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().and_then(Path::parent).unwrap();
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "dev",
            Some(other) => other,
            None => panic!("{} is not in a folder of cargo's", own.display()),
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        // Of the whole workspace: of one package, cargo would choose other features of what we depend on, and build it all again.
        build.args(["build", "--quiet", "--workspace", "--bin", "demarche", "--profile", profile]);
        build.arg("--target-dir").arg(folder.parent().unwrap());
        // What cargo has told this test of its own package would have `ring`, which asks for it, and all above it built again; and
        // once more by whoever calls cargo next.
        let of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        let told = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(of_package));
        told.for_each(|name| {
            build.env_remove(name);
        });
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        folder.join(format!("demarche{}", std::env::consts::EXE_SUFFIX))
    })
}

/// A folder to run the program in, and nothing of our own environment.
pub struct Desk {
    folder: TempDir,
}

/// A program that runs on.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }
}

impl Desk {
    /// The folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.folder.path()).args(arguments).env_clear().envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end, with this on its standard input.
    pub fn run(&self, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
        let mut child = self.command(arguments, environment).spawn().unwrap();
        // A program that has enough may close it early.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs the program, which must succeed, and gives what it prints.
    pub fn ok(&self, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> String {
        let output = self.run(arguments, environment, input);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program, which must fail with this code and print nothing, and gives what it says is wrong.
    pub fn fails(&self, code: i32, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> String {
        let output = self.run(arguments, environment, input);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{arguments:?}");
        error.trim_end().to_owned()
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut child = self.command(arguments, environment).spawn().unwrap();
        let lines = listen(child.stdout.take().unwrap());
        let errors = listen(child.stderr.take().unwrap());
        Running { input: child.stdin.take(), child, lines, errors }
    }
}

/// The lines of a stream, as they come.
fn listen(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}

impl Running {
    /// The next line of the standard output for which `wanted` gives something.
    pub fn line<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        find(&self.lines, wanted)
    }

    /// The same of the standard error.
    pub fn error<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        find(&self.errors, wanted)
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for its end, and gives the exit code and the rest of the standard error.
    pub fn end(mut self) -> (Option<i32>, Vec<String>) {
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        (status.code(), self.errors.iter().collect())
    }
}

impl Drop for Running {
    /// A test that fails leaves no server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find<T>(lines: &Receiver<String>, wanted: impl Fn(&str) -> Option<T>) -> T {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => match wanted(&line) {
                Some(found) => return found,
                None => seen.push(line),
            },
            Err(_) => panic!("what was waited for did not come; what came: {seen:#?}"),
        }
    }
}
