//! The examples for notebooks, run against a server: they must work as they stand.

use std::path::Path;
use std::process::{Command, Output};

use demarche_tests::World;

/// Runs a program with an example; none if the program or what the example needs is not installed.
fn run(program: &str, needs: &str, example: &str, url: &str, token: &str) -> Result<Output, String> {
    let flag = if program == "Rscript" { "-e" } else { "-c" };
    let there = Command::new(program).args([flag, needs]).output().map_err(|cause| format!("no {program}: {cause}"))?;
    if !there.status.success() {
        let said = String::from_utf8_lossy(&there.stderr);
        return Err(format!("{program}: {}", said.lines().last().unwrap_or("does not run")));
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks").join(example);
    let mut command = Command::new(program);
    command.arg(example).env("URL", url).env("TOKEN", token).env("PYTHONIOENCODING", "utf-8");
    command.output().map_err(|cause| cause.to_string())
}

async fn works(world: &World, program: &'static str, needs: &'static str, example: &'static str) {
    let reader = world.reader().await;
    let data = reader.data("{ positions { totalCount } }").await;
    let count = data["positions"]["totalCount"].as_u64().unwrap();
    let (url, token) = (world.url(""), reader.token.unwrap());
    let done = tokio::task::spawn_blocking(move || run(program, needs, example, &url, &token));
    match done.await.unwrap() {
        Ok(output) => {
            let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{example}: {said}{wrong}");
            let expected = format!("{count} positions in the table, {count} by GraphQL");
            assert_eq!(said.lines().last(), Some(expected.as_str()), "{example}: {said}");
        }
        Err(missing) if std::env::var("DEMARCHE_TEST_NOTEBOOKS").is_ok_and(|needed| needed == "required") => {
            panic!("{example} is required to run: {missing}")
        }
        Err(missing) => println!("skipped {example}: {missing}"),
    }
}

demarche_tests::suite! {
    async fn the_example_in_python_works(world with sample) {
        works(&world, "python3", "import polars, gql, requests", "example.py").await;
    }

    async fn the_example_in_r_works(world with sample) {
        works(&world, "Rscript", "library(jsonlite); library(curl)", "example.R").await;
    }
}
