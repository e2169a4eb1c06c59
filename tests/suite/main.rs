//! The one test binary.

mod import;
mod import_http;
mod import_table;
mod sample;
