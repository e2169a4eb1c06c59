//! Demarche: the system of record for who stands where on what, since when, and according to whom.

pub mod auth;
pub mod config;
pub mod domain;
pub mod error;
pub mod graphql;
pub mod id;
pub mod import;
pub mod op;
pub mod policy;
pub mod store;
pub mod telemetry;
