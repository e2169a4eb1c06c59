//! The one test binary.

mod argument;
mod assertion;
mod condition;
mod dossier;
mod event;
mod finding;
mod history;
mod implication;
mod mechanism;
mod node;
mod position;
mod rating;
mod relation;
mod sample;
mod search;
mod source;
mod stakeholder;
mod standing;
mod status;
