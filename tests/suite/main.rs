//! The one test binary.

mod attack;
mod endpoint;
mod endpoint_audit;
mod endpoint_deadline;
mod sample;
