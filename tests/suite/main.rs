//! The one test binary.

mod command;
mod connection;
mod filter;
mod layers;
mod migrations;
mod policy;
mod refusal;
mod sample;
mod schema;
mod statements;
