//! Demarche: the system of record for who stands where on what, since when, and according to whom. This is the program: its
//! command line, its configuration and its HTTP door. What it knows and decides is in [`demarche_core`], what it says in
//! GraphQL in [`demarche_graphql`], what files look like in [`demarche_import`] and [`demarche_export`].

pub mod cli;
pub mod config;
pub mod http;
pub mod telemetry;
