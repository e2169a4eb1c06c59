//! The one test binary.

mod rate;
mod sample;
