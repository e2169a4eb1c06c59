//! The one test binary.

mod audit;
mod marked;
mod marking;
mod membership;
mod sample;
