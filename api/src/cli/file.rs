//! Files that only their owner may read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use demarche_core::error::{Error, Result};

/// Makes a directory that only its owner may enter, or closes one that is there to others.
///
/// # Errors
/// [`Error::BadInput`] if it cannot be made.
pub fn private_directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|cause| cannot("make", path, &cause))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(path, mode).map_err(|cause| cannot("close", path, &cause))?;
    }
    Ok(())
}

/// What a file holds; if there is none, it is made with what `make` gives, for its owner only.
///
/// # Errors
/// [`Error::BadInput`] if it can be neither read nor made.
pub fn kept(path: &Path, make: impl FnOnce() -> Result<String>) -> Result<String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(mut file) => {
            let text = make()?;
            file.write_all(text.as_bytes()).map_err(|cause| cannot("write", path, &cause))?;
            Ok(text)
        }
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => read(path),
        Err(cause) => Err(cannot("make", path, &cause)),
    }
}

/// What a file holds, without the line end that editors add.
///
/// # Errors
/// [`Error::BadInput`] if it cannot be read.
pub fn read(path: &Path) -> Result<String> {
    let mut text = fs::read_to_string(path).map_err(|cause| cannot("read", path, &cause))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn cannot(what: &str, path: &Path, cause: &std::io::Error) -> Error {
    Error::BadInput(format!("cannot {what} {}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("private");
        private_directory(&inner).unwrap();
        let path = inner.join("secret");
        assert_eq!(kept(&path, || Ok("first\n".to_owned())).unwrap(), "first\n");
        assert_eq!(kept(&path, || Ok("second".to_owned())).unwrap(), "first");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&inner), mode(&path)), (0o700, 0o600));
        }
    }
}
