//! The one test binary.

mod access_token;
mod account;
mod command;
mod connection;
mod filter;
mod layers;
mod migrations;
mod provider;
mod rate;
mod refusal;
mod sample;
mod schema;
mod session;
mod signing_key;
mod statements;
