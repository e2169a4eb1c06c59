//! What is stored: one file per record, with its model and its filters. No driver, no GraphQL.
//!
//! Two kinds of record ([`record`]): *nodes*, which are edited, and *assertions*, which never are. Every select begins
//! with [`Record::scoped`](record::Record::scoped), so that what an actor may not see cannot be found, counted or exported.

pub mod filter;
pub mod hidden;
pub mod kind;
pub mod moment;
pub mod orm;
pub mod page;
pub mod past;
pub mod record;
pub mod referrer;
pub mod scope;
pub mod words;

pub mod access_token;
pub mod account;
pub mod argument;
pub mod argument_link;
pub mod audit;
pub mod audit_head;
pub mod audit_record;
pub mod change;
pub mod condition;
pub mod dossier;
pub mod event;
pub mod event_actor;
pub mod finding;
pub mod identity;
pub mod implication;
pub mod mechanism;
pub mod mechanism_party;
pub mod member;
pub mod position;
pub mod position_argument;
pub mod position_condition;
pub mod rating;
pub mod refresh_token;
pub mod relation;
pub mod revision;
pub mod search_document;
pub mod session;
pub mod signing_key;
pub mod source;
pub mod source_text;
pub mod stakeholder;
pub mod status;
