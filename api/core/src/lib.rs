//! What Demarche knows and decides, without any door: the domain, its policy, and the store below them.

pub mod auth;
pub mod digest;
pub mod domain;
pub mod error;
pub mod id;
pub mod op;
pub mod policy;
pub mod secret;
pub mod store;
