//! SHA-256 (FIPS 180-4), by `ring`, which needs two thirds of the time that `sha2` does: over a large export that counts.

use std::fmt::Write;

use ring::digest;

/// The SHA-256 of some bytes.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    let mut sum = Sum::default();
    sum.add(bytes.as_ref());
    sum.end()
}

/// The SHA-256 of bytes that come piece by piece.
pub struct Sum(digest::Context);

impl Default for Sum {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sum {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn end(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // As long as each other by definition.
        bytes.iter_mut().zip(self.0.finish().as_ref()).for_each(|(byte, digest)| *byte = *digest);
        bytes
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        // The examples of FIPS 180-2, appendices B.1 and B.2.
        for (text, expected) in [
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex(&sha256(text)), expected);
            let mut sum = Sum::default();
            text.as_bytes().chunks(3).for_each(|piece| sum.add(piece));
            assert_eq!(hex(&sum.end()), expected);
        }
    }
}
