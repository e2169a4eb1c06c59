//! What Demarche knows and decides, without any door: the domain, its policy, the store below them, and what comes in and
//! goes out as files.

pub mod auth;
pub mod digest;
pub mod domain;
pub mod error;
pub mod export;
pub mod id;
pub mod import;
pub mod op;
pub mod policy;
pub mod secret;
pub mod store;
