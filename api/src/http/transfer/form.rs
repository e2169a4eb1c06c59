//! A form (`multipart/form-data`, RFC 7578) with the part `mapping` and a part `table` for each file that it speaks of.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use futures_util::stream;
use multer::{Field, Multipart};
use tempfile::TempDir;

use demarche_core::error::{Error, Result};

/// How much of the form is in memory at once.
const PIECE_BYTES: usize = 64 * 1024;
/// The most tables of a form.
const TABLES_MAX: usize = 100;
/// The most bytes of a table's name.
const NAME_BYTES_MAX: usize = 100;

/// The files of a form, in a folder of their own that goes with it.
#[derive(Debug)]
pub struct Form {
    /// The mapping.
    pub mapping: PathBuf,
    /// The folder of the tables.
    pub tables: PathBuf,
    _folder: TempDir,
}

/// Takes a form apart.
///
/// # Errors
/// [`Error::BadInput`] if it is broken, or has not the parts that are expected.
pub async fn unpack(body: File, boundary: String) -> Result<Form> {
    let folder = tempfile::tempdir().map_err(Error::internal)?;
    let form = Form { mapping: folder.path().join("mapping"), tables: folder.path().join("tables"), _folder: folder };
    fs::create_dir(&form.tables).map_err(Error::internal)?;
    let mut parts = Multipart::new(pieces(body), boundary);
    let mut tables = 0;
    while let Some(part) = parts.next_field().await.map_err(|cause| broken(&cause))? {
        match part.name() {
            Some("mapping") => keep(part, &form.mapping).await?,
            Some("table") if tables == TABLES_MAX => {
                return Err(Error::BadInput(format!("the form has more than {TABLES_MAX} tables")));
            }
            Some("table") => {
                tables += 1;
                let path = form.tables.join(name(&part)?);
                keep(part, &path).await?;
            }
            other => {
                let expected = "expected `mapping` once and `table` for each table";
                return Err(Error::BadInput(format!(
                    "the form has a part {:?}: {expected}",
                    other.unwrap_or_default()
                )));
            }
        }
    }
    if !form.mapping.exists() {
        return Err(Error::BadInput(
            "the form has no part `mapping`: the file that says what the tables mean".to_owned(),
        ));
    }
    Ok(form)
}

/// The body, piece by piece. It lies in a file: reading it holds up nobody for long.
fn pieces(body: File) -> impl stream::Stream<Item = std::io::Result<Vec<u8>>> + Send {
    stream::unfold(body, async |mut body| {
        let mut piece = vec![0; PIECE_BYTES];
        match body.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(piece), body))
            }
            Err(cause) => Some((Err(cause), body)),
        }
    })
}

/// The name of a table's file: a plain one, which leads to no other folder.
fn name(part: &Field<'_>) -> Result<String> {
    let name = part.file_name().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || name.starts_with('.') || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
        let expected = "expected letters a to z, digits, dots, hyphens and underscores";
        return Err(Error::BadInput(format!("the form has a table whose file is called {name:?}: {expected}")));
    }
    Ok(name.to_owned())
}

/// Writes a part into a file that is not there yet.
async fn keep(mut part: Field<'_>, path: &Path) -> Result<()> {
    let there = |_| {
        let name = path.file_name().unwrap_or_default().display();
        Error::BadInput(format!("the form has {name} twice"))
    };
    let mut file = File::create_new(path).map_err(there)?;
    while let Some(piece) = part.chunk().await.map_err(|cause| broken(&cause))? {
        file.write_all(&piece).map_err(Error::internal)?;
    }
    Ok(())
}

fn broken(cause: &multer::Error) -> Error {
    Error::BadInput(format!("the form cannot be read: {cause}"))
}
