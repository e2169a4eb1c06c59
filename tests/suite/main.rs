//! The one test binary.

mod import;
mod import_table;
mod sample;
