//! Demarche: the system of record for who stands where on what, since when, and according to whom.

pub mod auth;
pub mod cli;
pub mod config;
pub mod domain;
pub mod error;
pub mod export;
pub mod graphql;
pub mod http;
pub mod id;
pub mod import;
pub mod op;
pub mod policy;
pub mod secret;
pub mod store;
pub mod telemetry;
