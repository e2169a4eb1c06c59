//! The one test binary.

mod access_token;
mod account;
mod import;
mod import_http;
mod import_table;
mod provider;
mod rate;
mod sample;
mod session;
mod signing_key;
