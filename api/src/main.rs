//! The program `demarche`. What it can do is in [`demarche_api::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    demarche_api::cli::run()
}
