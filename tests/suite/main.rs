//! The one test binary.

mod access_token;
mod account;
mod provider;
mod rate;
mod sample;
mod session;
mod signing_key;
