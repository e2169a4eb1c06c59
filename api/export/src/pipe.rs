//! What happens to the text of a file on its way out: it is counted, hashed, compressed, and what the client already has is
//! left out.

use std::io::Write;

use flate2::write::GzEncoder;

use demarche_core::digest::{self, Sum as Digest};
use demarche_core::error::{Error, Result};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// The name in HTTP's `Content-Encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The first piece is small, so that it is there soon.
const FIRST_BYTES: usize = 512;
const PIECE_BYTES: usize = 64 * 1024;
/// A row ends where it ends.
const SPARE_BYTES: usize = 4096;

enum Encoder {
    None,
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many rows.
    pub rows: u64,
    /// How many bytes, before compression.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits; empty where it was not asked for.
    pub sha256: String,
}

/// The text of a file, as it is written.
pub struct Text {
    /// What is written next: whoever writes puts it here.
    pub text: Vec<u8>,
    /// How many rows have been written.
    pub rows: u64,
    enough: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { text: Vec::with_capacity(PIECE_BYTES + SPARE_BYTES), rows: 0, enough: FIRST_BYTES }
    }
}

impl Text {
    /// What is left of a file to be handed on.
    pub const fn rest(text: Vec<u8>, rows: u64) -> Self {
        Self { text, rows, enough: PIECE_BYTES }
    }

    /// A piece to be handed on, if there is enough for one.
    pub fn piece(&mut self) -> Option<Vec<u8>> {
        if self.text.len() < self.enough {
            return None;
        }
        self.enough = PIECE_BYTES;
        Some(std::mem::replace(&mut self.text, Vec::with_capacity(PIECE_BYTES + SPARE_BYTES)))
    }
}

/// The way out of a file's text.
pub struct Pipe {
    /// None where nobody asks for it.
    hash: Option<Digest>,
    bytes: u64,
    encoder: Encoder,
    /// How many bytes have come out, those left out included.
    out: u64,
    /// How many bytes of the beginning are left out.
    skip: u64,
}

impl Pipe {
    /// A pipe that leaves out the first bytes of what it would give, and reckons the SHA-256 if it is `hashed`: that takes a
    /// tenth of the time of a table.
    ///
    /// # Errors
    /// If there is no memory to compress with.
    pub fn new(compression: Compression, skip: u64, hashed: bool) -> Result<Self> {
        let encoder = match compression {
            Compression::None => Encoder::None,
            Compression::Gzip => Encoder::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::fast())),
            Compression::Zstd => {
                Encoder::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3).map_err(Error::internal)?)
            }
        };
        Ok(Self { hash: hashed.then(Digest::default), bytes: 0, encoder, out: 0, skip })
    }

    /// Takes the next piece of the text, and gives what comes out.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub fn take(&mut self, text: Vec<u8>) -> Result<Vec<u8>> {
        if let Some(hash) = &mut self.hash {
            hash.add(&text);
        }
        self.push(text)
    }

    fn push(&mut self, text: Vec<u8>) -> Result<Vec<u8>> {
        self.bytes += length(&text);
        let piece = match &mut self.encoder {
            Encoder::None => text,
            Encoder::Gzip(encoder) => {
                encoder.write_all(&text).map_err(Error::internal)?;
                std::mem::take(encoder.get_mut())
            }
            Encoder::Zstd(encoder) => {
                encoder.write_all(&text).map_err(Error::internal)?;
                std::mem::take(encoder.get_mut())
            }
        };
        Ok(self.left(piece))
    }

    /// A piece without what is to be left out of it.
    fn left(&mut self, mut piece: Vec<u8>) -> Vec<u8> {
        let from = self.skip.saturating_sub(self.out);
        self.out += length(&piece);
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(piece.len());
        if from > 0 {
            piece.drain(..from);
        }
        piece
    }

    /// Ends the file. `trailer` is what stands below all else, knowing the sum of it. Gives the last piece, the sum, and how
    /// many bytes came out in all.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub fn finish(mut self, rows: u64, trailer: impl FnOnce(&Sum) -> Vec<u8>) -> Result<(Vec<u8>, Sum, u64)> {
        let sha256 = self.hash.take().map(|hash| digest::hex(&hash.end())).unwrap_or_default();
        let sum = Sum { rows, bytes: self.bytes, sha256 };
        let mut last = self.push(trailer(&sum))?;
        let end = match std::mem::replace(&mut self.encoder, Encoder::None) {
            Encoder::None => Vec::new(),
            Encoder::Gzip(encoder) => encoder.finish().map_err(Error::internal)?,
            Encoder::Zstd(encoder) => encoder.finish().map_err(Error::internal)?,
        };
        last.extend(self.left(end));
        Ok((last, sum, self.out))
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(compression: Compression, skip: u64) -> (Vec<u8>, Sum, u64) {
        let (mut text, mut pipe) = (Text::default(), Pipe::new(compression, skip, true).unwrap());
        let mut all = Vec::new();
        for n in 0..50_000_u32 {
            text.text.extend_from_slice(format!("line {n}\n").as_bytes());
            text.rows += 1;
            if let Some(piece) = text.piece() {
                all.extend(pipe.take(piece).unwrap());
            }
        }
        all.extend(pipe.take(text.text).unwrap());
        let (last, sum, out) = pipe.finish(text.rows, |sum| format!("{} rows\n", sum.rows).into_bytes()).unwrap();
        all.extend(last);
        (all, sum, out)
    }

    #[test]
    fn what_is_left_out_is_the_beginning_and_nothing_else() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let (whole, sum, out) = through(compression, 0);
            assert_eq!((sum.rows, out), (50_000, u64::try_from(whole.len()).unwrap()), "{compression:?}");
            for skip in [1, 511, 512, out / 2, out - 1, out] {
                let (rest, same, _) = through(compression, skip);
                assert_eq!(same, sum);
                assert!(whole.ends_with(&rest) && rest.len() == whole.len() - usize::try_from(skip).unwrap());
            }
        }
    }

    #[test]
    fn both_ways_to_compress_can_be_undone() {
        use std::io::Read;
        let (plain, ..) = through(Compression::None, 0);
        let (gzip, ..) = through(Compression::Gzip, 0);
        let mut undone = Vec::new();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut undone).unwrap();
        assert_eq!(undone, plain);
        let (zstd, ..) = through(Compression::Zstd, 0);
        assert_eq!(zstd::decode_all(zstd.as_slice()).unwrap(), plain);
    }
}
