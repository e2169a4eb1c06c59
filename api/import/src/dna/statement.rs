//! Statements: who says what of which concept, and where in a document.

use serde_json::{Value, json};

/// How many characters of the text around a quote help to find it again.
const AROUND: usize = 32;

/// A statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    pub(super) id: i64,
    /// Where it begins in the document. DNA is written in Java: it counts UTF-16 code units.
    pub(super) start: i64,
    /// Where it ends.
    pub(super) stop: i64,
    pub(super) person: Option<i64>,
    pub(super) organization: Option<i64>,
    pub(super) concept: Option<i64>,
    pub(super) agreement: bool,
}

impl Statement {
    /// What it says, anchored in the text: offsets count characters.
    pub(super) fn quote(&self, text: &str) -> Option<Value> {
        let (start, from) = place(text, self.start)?;
        let (end, to) = place(text, self.stop)?;
        let (before, exact, after) = (text.get(..from)?, text.get(from..to)?, text.get(to..)?);
        let prefix =
            before.char_indices().rev().nth(AROUND - 1).map_or(before, |(at, _)| before.get(at..).unwrap_or(""));
        let suffix = after.char_indices().nth(AROUND).map_or(after, |(at, _)| after.get(..at).unwrap_or(""));
        if exact.trim().is_empty() {
            return None;
        }
        let present = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        Some(
            json!({ "exact": exact, "prefix": present(prefix), "suffix": present(suffix), "start": start, "end": end }),
        )
    }
}

/// The character and the byte at which a UTF-16 code unit begins; none if the text ends before, or within a character.
fn place(text: &str, unit: i64) -> Option<(usize, usize)> {
    let unit = usize::try_from(unit).ok()?;
    let mut units = 0;
    let mut characters = 0;
    for (byte, character) in text.char_indices() {
        if units >= unit {
            return (units == unit).then_some((characters, byte));
        }
        units += character.len_utf16();
        characters += 1;
    }
    (units == unit).then_some((characters, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_units_become_characters() {
        let text = "é😀 says no";
        assert_eq!(place(text, 0), Some((0, 0)));
        assert_eq!(place(text, 1), Some((1, 2)));
        assert_eq!(place(text, 2), None, "within a character");
        assert_eq!(place(text, 3), Some((2, 6)));
        assert_eq!(place(text, 11), Some((10, 14)));
        assert_eq!(place(text, 12), None);
        assert_eq!(place(text, -1), None);
    }
}
