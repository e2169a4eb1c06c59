//! The one test binary.

mod import;
mod sample;
