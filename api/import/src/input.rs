//! What is read: plain, or packed with gzip or zstd. The first bytes say which, not the name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::Meter;
use demarche_core::error::{Error, Result};

/// How much is read at a time.
const BUFFER: usize = 1 << 17;
/// The largest window of a zstd file, as a power of two: 32 MiB of memory, all levels up to 20.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// Something that is read from its beginning to its end.
pub(super) type Input<'a> = BufReader<Box<dyn Read + Send + 'a>>;

/// What a reader holds, unpacked.
///
/// # Errors
/// [`Error::BadInput`] if its first bytes cannot be read.
pub(super) fn unpacked<'a>(mut reader: impl Read + Send + 'a) -> Result<Input<'a>> {
    let (start, reader) = peek(&mut reader)
        .map(|start| (start.get_ref().clone(), start.chain(reader)))
        .map_err(|cause| unreadable(&cause))?;
    let packed: Box<dyn Read + Send + 'a> = match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(BUFFER, reader))),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd(reader)?),
        _ => Box::new(reader),
    };
    Ok(BufReader::with_capacity(BUFFER, packed))
}

fn zstd<'a>(reader: impl Read + Send + 'a) -> Result<impl Read + Send + 'a> {
    let mut decoder = zstd::stream::read::Decoder::new(reader).map_err(|cause| unreadable(&cause))?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|cause| unreadable(&cause))?;
    Ok(decoder)
}

/// The first four bytes, if there are as many.
fn peek(reader: &mut impl Read) -> io::Result<Cursor<Vec<u8>>> {
    let mut start = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut start)?;
    Ok(Cursor::new(start))
}

/// Why something cannot be read, in words that say what to do.
pub(super) fn unreadable(cause: &io::Error) -> Error {
    Error::BadInput(match cause.kind() {
        io::ErrorKind::UnexpectedEof => "the file breaks off: it is packed, and its end is missing".to_owned(),
        _ => format!("cannot be read: {cause}"),
    })
}

/// Opens a file, or the same with `.zst` or `.gz` behind its name.
///
/// # Errors
/// [`Error::BadInput`] if there is none.
pub(super) fn find(folder: &Path, name: &str) -> Result<PathBuf> {
    // The mapping may come from somebody who is not to read what else is on this machine.
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Error::BadInput(format!("{name:?} is not the name of a file below the folder of the tables")));
    }
    let candidates = ["", ".zst", ".gz"].map(|packed| folder.join(format!("{name}{packed}")));
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| Error::BadInput(format!("there is no {name}, {name}.zst or {name}.gz among the tables")))
}

/// Opens a file that was found; how far it is read is noted.
///
/// # Errors
/// [`Error::BadInput`] if it cannot be read.
pub(super) fn open(path: &Path, meter: &Arc<Meter>) -> Result<Input<'static>> {
    let name = path.file_name().unwrap_or_default().display();
    let named = |error| Error::BadInput(format!("{name}: {error}"));
    let file = File::open(path).map_err(|cause| named(unreadable(&cause)))?;
    unpacked(Metered { inner: file, meter: Arc::clone(meter) }).map_err(named)
}

struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.meter.advance(u64::try_from(read).unwrap_or(0));
        Ok(read)
    }
}
