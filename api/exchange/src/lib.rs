//! What comes in and goes out as files: what they look like, and how they are read and written. What may leave and what may be
//! recorded, [`demarche_core`] decides.

pub mod export;
pub mod import;
