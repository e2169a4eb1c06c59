//! Records that wait, in a file without a name, until what they refer to is there. The memory holds none of them.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use demarche_core::error::{Error, Result};

/// A record as it waits: the JSON of a line, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Which file, of those that the import has.
    pub(super) origin: u32,
    /// Which line of it.
    pub(super) line: u64,
    pub(super) text: String,
}

/// What a frame has before its text: the origin, the line, and how long the text is.
const HEAD: usize = 4 + 8 + 4;

/// A file of frames.
#[derive(Debug)]
pub(super) struct Spool {
    writer: BufWriter<File>,
    end: u64,
}

impl Spool {
    /// An empty one.
    ///
    /// # Errors
    /// If the system has no place for it.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { writer: BufWriter::new(tempfile::tempfile().map_err(|cause| full(&cause))?), end: 0 })
    }

    /// Where the next frame will begin.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Adds one.
    ///
    /// # Errors
    /// If the system has no place for it.
    pub(super) fn push(&mut self, origin: u32, line: u64, text: &str) -> Result<()> {
        let length = u32::try_from(text.len()).map_err(Error::internal)?;
        let mut head = [0; HEAD];
        let (one, rest) = head.split_at_mut(4);
        let (two, three) = rest.split_at_mut(8);
        one.copy_from_slice(&origin.to_le_bytes());
        two.copy_from_slice(&line.to_le_bytes());
        three.copy_from_slice(&length.to_le_bytes());
        self.writer
            .write_all(&head)
            .and_then(|()| self.writer.write_all(text.as_bytes()))
            .map_err(|cause| full(&cause))?;
        self.end += u64::from(length) + HEAD as u64;
        Ok(())
    }

    /// The frames between two places. Only one reader of a spool may be at work at a time.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn frames(&mut self, range: &Range<u64>) -> Result<Frames> {
        self.writer.flush().map_err(|cause| full(&cause))?;
        let mut file = self.writer.get_ref().try_clone().map_err(Error::internal)?;
        file.seek(SeekFrom::Start(range.start)).map_err(Error::internal)?;
        Ok(Frames { reader: BufReader::with_capacity(1 << 16, file), at: range.start, end: range.end })
    }

    /// The frame that begins at a place.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn frame(&mut self, at: u64) -> Result<Frame> {
        let mut frames = self.frames(&(at..u64::MAX))?;
        frames.read().map_err(Error::internal)
    }
}

/// The frames of a spool, one after the other.
#[derive(Debug)]
pub(super) struct Frames {
    reader: BufReader<File>,
    at: u64,
    end: u64,
}

impl Frames {
    /// Where the next frame begins.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    fn read(&mut self) -> io::Result<Frame> {
        let (mut origin, mut line, mut length) = ([0; 4], [0; 8], [0; 4]);
        self.reader.read_exact(&mut origin)?;
        self.reader.read_exact(&mut line)?;
        self.reader.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        let mut text = String::new();
        self.reader.by_ref().take(u64::from(length)).read_to_string(&mut text)?;
        self.at += u64::from(length) + HEAD as u64;
        Ok(Frame { origin: u32::from_le_bytes(origin), line: u64::from_le_bytes(line), text })
    }
}

impl Iterator for Frames {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.at < self.end).then(|| self.read().map_err(Error::internal))
    }
}

/// The folder for temporary files is full, most likely.
fn full(cause: &io::Error) -> Error {
    Error::BadInput(format!(
        "cannot write to the folder for temporary files: {cause}: set TMPDIR to one with more room"
    ))
}
