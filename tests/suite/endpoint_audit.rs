//! The GraphQL-over-HTTP specification, audited by others: npm's `graphql-http`, in Node.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

const AUDITS: usize = 61;

/// The folder in which the audits are installed, or why they are not.
fn folder() -> Result<&'static Path, String> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        for program in ["node", "npm"] {
            Command::new(program).arg("--version").output().map_err(|cause| format!("no {program}: {cause}"))?;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit");
        std::fs::create_dir_all(&folder).map_err(|cause| cause.to_string())?;
        for file in ["package.json", "audit.cjs"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("audit").join(file);
            std::fs::copy(from, folder.join(file)).map_err(|cause| cause.to_string())?;
        }
        let install =
            ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline"];
        let installed = run(Command::new("npm").args(install).current_dir(&folder))?;
        // A machine without the network cannot have them; what fails otherwise is told all the same.
        match installed.status.success() {
            true => Ok(folder),
            false => Err(format!("npm cannot install them: {}", String::from_utf8_lossy(&installed.stderr))),
        }
    });
    folder.as_deref().map_err(Clone::clone)
}

fn run(command: &mut Command) -> Result<Output, String> {
    command.output().map_err(|cause| cause.to_string())
}

demarche_tests::suite! {
    async fn every_audit_of_graphql_over_http_is_passed(world) {
        let (url, token) = (world.url("/graphql"), world.reader().await.token.unwrap());
        let audited = tokio::task::spawn_blocking(move || {
            let folder = folder()?;
            run(Command::new("node").arg("audit.cjs").arg(url).env("TOKEN", token).current_dir(folder))
        });
        match audited.await.unwrap() {
            Ok(output) => {
                let (text, complaint) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
                let audits: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                assert_eq!(audits.len(), AUDITS, "{complaint}");
                let failed: Vec<&Value> = audits.iter().filter(|audit| audit["status"] != "ok").collect();
                assert!(failed.is_empty(), "{failed:#?}");
            }
            Err(missing) if std::env::var("DEMARCHE_TEST_NODE").is_ok_and(|needed| needed == "required") => {
                panic!("the audits of graphql-http are required: {missing}")
            }
            Err(missing) => println!("skipped the audits of graphql-http: {missing}"),
        }
    }
}
