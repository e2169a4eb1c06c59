//! Documents that clients need not send: those that they sent before (automatic persisted queries), and those that the
//! operator trusts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;

use super::document;
use demarche_bound::{Bounds, scan};
use demarche_core::digest;
use demarche_core::error::{Error, Result};

/// The SHA-256 of a document.
pub type Hash = [u8; 32];

/// A document that was read before.
#[derive(Debug)]
pub struct Document {
    /// What it says.
    pub parsed: ExecutableDocument,
    bytes: usize,
}

/// How a request names its document.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The text, if it is there.
    pub source: Option<&'a str>,
    /// The hash that it is called by, if it is.
    pub hash: Option<Hash>,
    /// Whether a document may be kept for whoever asks.
    pub may_keep: bool,
}

/// The documents that are known.
#[derive(Debug)]
pub struct Persisted {
    kept: Mutex<Kept>,
    bytes_max: usize,
    trusted: Option<Trusted>,
}

#[derive(Debug)]
struct Kept {
    documents: LruCache<Hash, Arc<Document>>,
    bytes: usize,
}

impl Persisted {
    /// None yet, except those that are trusted; at most `bytes_max` of source are kept, those not asked for longest go first.
    pub fn new(bytes_max: usize, trusted: Option<Trusted>) -> Self {
        let kept = Kept { documents: LruCache::unbounded(), bytes: 0 };
        Self { kept: Mutex::new(kept), bytes_max, trusted }
    }

    /// The document of a request, read.
    ///
    /// # Errors
    /// If it is not known, not trusted, not what its hash says, or no document within the bounds.
    pub fn find(&self, named: Named<'_>, bounds: &Bounds) -> Result<Arc<Document>, ServerError> {
        let Named { source, hash, may_keep } = named;
        if let Some(trusted) = &self.trusted {
            let hash = source.map(hash_of).or(hash);
            return hash.and_then(|hash| trusted.0.get(&hash)).cloned().ok_or_else(|| {
                coded(
                    "DOCUMENT_NOT_TRUSTED",
                    "only the documents that the operator trusts are run: this is none of them",
                )
            });
        }
        match (source, hash) {
            (None, Some(hash)) => self.recall(&hash).ok_or_else(|| {
                // Clients look for this very text.
                coded("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            }),
            (Some(source), Some(hash)) => {
                if hash_of(source) != hash {
                    return Err(coded("PERSISTED_QUERY_MISMATCH", "the hash is not the SHA-256 of the query"));
                }
                if let Some(document) = self.recall(&hash) {
                    return Ok(document);
                }
                let document = Arc::new(read(source, bounds)?);
                if may_keep {
                    self.keep(hash, Arc::clone(&document));
                }
                Ok(document)
            }
            (Some(source), None) => Ok(Arc::new(read(source, bounds)?)),
            (None, None) => Err(coded("BAD_USER_INPUT", "`query` is missing")),
        }
    }

    fn recall(&self, hash: &Hash) -> Option<Arc<Document>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).documents.get(hash).cloned()
    }

    fn keep(&self, hash: Hash, document: Arc<Document>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += document.bytes;
        if let Some(same) = kept.documents.put(hash, document) {
            kept.bytes -= same.bytes;
        }
        while kept.bytes > self.bytes_max
            && let Some((_, oldest)) = kept.documents.pop_lru()
        {
            kept.bytes -= oldest.bytes;
        }
    }
}

/// The only documents that are run.
#[derive(Clone, Debug)]
pub struct Trusted(Arc<HashMap<Hash, Arc<Document>>>);

impl Trusted {
    /// Reads a JSON object of documents under their SHA-256 in hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::BadInput`] that names the document that is not under its hash, or cannot be run.
    pub fn read(json: &str, bounds: &Bounds) -> Result<Self> {
        let listed: HashMap<String, String> = serde_json::from_str(json).map_err(|cause| {
            Error::BadInput(format!("expected a JSON object of documents by their SHA-256: {cause}"))
        })?;
        let documents = listed.into_iter().map(|(name, source)| {
            let hash = hash_of(&source);
            if read_hash(&name) != Some(hash) {
                return Err(Error::BadInput(format!(
                    "{name}: is not the SHA-256 of its document, which is {}",
                    digest::hex(&hash)
                )));
            }
            let document =
                read(&source, bounds).map_err(|error| Error::BadInput(format!("{name}: {}", error.message)))?;
            Ok((hash, Arc::new(document)))
        });
        Ok(Self(Arc::new(documents.collect::<Result<_>>()?)))
    }
}

fn read(source: &str, bounds: &Bounds) -> Result<Document, ServerError> {
    scan::check_document(source, bounds).map_err(|exceeded| exceeded.error())?;
    Ok(Document { parsed: document::parse(source)?, bytes: source.len() })
}

fn hash_of(source: &str) -> Hash {
    digest::sha256(source)
}

/// Reads a hash from hexadecimal digits.
pub fn read_hash(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (n, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(hash)
}

fn coded(code: &str, message: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(persisted: &Persisted, source: Option<&str>, hash: Option<Hash>, may_keep: bool) -> Result<(), String> {
        let found = persisted.find(Named { source, hash, may_keep }, &Bounds::default());
        found.map(drop).map_err(|error| error.message)
    }

    #[test]
    fn a_document_is_known_once_it_was_sent_under_its_hash() {
        let persisted = Persisted::new(100, None);
        let hash = Some(hash_of("{ a }"));
        assert_eq!(find(&persisted, None, hash, true), Err("PersistedQueryNotFound".to_owned()));
        find(&persisted, Some("{ a }"), None, true).unwrap();
        find(&persisted, Some("{ a }"), hash, false).unwrap();
        assert!(find(&persisted, None, hash, true).is_err());
        assert!(find(&persisted, Some("{ b }"), hash, true).is_err());
        find(&persisted, Some("{ a }"), hash, true).unwrap();
        find(&persisted, None, hash, false).unwrap();
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let persisted = Persisted::new(12, None);
        for source in ["{ a }", "{ b }", "{ a }", "{ c }"] {
            find(&persisted, Some(source), Some(hash_of(source)), true).unwrap();
        }
        let is_kept = |source| find(&persisted, None, Some(hash_of(source)), true).is_ok();
        assert_eq!(["{ a }", "{ b }", "{ c }"].map(is_kept), [true, false, true]);
    }

    #[test]
    fn only_trusted_documents_are_run() {
        let (hash, source) = (hash_of("{ a }"), "{ a }");
        let trusted =
            Trusted::read(&format!("{{\"{}\": \"{source}\"}}", digest::hex(&hash)), &Bounds::default()).unwrap();
        let persisted = Persisted::new(100, Some(trusted));
        find(&persisted, Some(source), None, false).unwrap();
        find(&persisted, None, Some(hash), false).unwrap();
        assert!(find(&persisted, Some("{ b }"), None, true).is_err());
        assert!(find(&persisted, Some("{ b }"), Some(hash), true).is_err());
        assert!(find(&persisted, None, Some(hash_of("{ b }")), true).is_err());
    }

    #[test]
    fn a_list_of_trusted_documents_is_checked() {
        let refusal = |json: &str| Trusted::read(json, &Bounds::default()).unwrap_err().to_string();
        assert!(refusal("[]").starts_with("expected a JSON object"));
        assert!(refusal("{\"ab\": \"{ a }\"}").starts_with("ab: is not the SHA-256 of its document, which is "));
        let hash = digest::hex(&hash_of("{"));
        assert!(refusal(&format!("{{\"{hash}\": \"{{\"}}")).starts_with(&format!("{hash}: syntax error")));
    }
}
