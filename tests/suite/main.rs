//! The one test binary.

mod export;
mod export_file;
mod export_whole;
mod sample;
