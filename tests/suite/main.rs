//! The one test binary.

mod audit;
mod leak;
mod marked;
mod marking;
mod membership;
mod oracle;
mod policy_page;
mod sample;
