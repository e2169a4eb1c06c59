//! Passwords: argon2id in the parameters that OWASP's cheat sheet gives first (2024: 19 MiB, two passes, one lane), off the
//! threads that answer requests.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Longer than any password that an account may have, in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// The hash of a password that nobody knows (nor anybody could: its digest was drawn by chance), in the parameters above.
/// It is verified against where an email has no account, so that the answer takes as long as for a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$2HbG7FAGkVKMJcJNNT5eIQ$P9EZ8rC47sYwsifkbZUVvMOZEt/3uzSw7htHUVLqoio";

/// How many wait at most, unless the configuration says otherwise.
pub const QUEUE_MAX: usize = 64;

/// Hashes passwords and verifies them, half as many at once as the machine has cores: a storm of sign-ins waits in a queue
/// of its own, which is bounded, and neither fills the memory nor stalls queries.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Those who work and those who wait.
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new(QUEUE_MAX)
    }
}

impl Passwords {
    /// With a queue for so many.
    pub fn new(queue_max: usize) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let turns = (cores / 2).max(1);
        Self { turns: Arc::new(Semaphore::new(turns)), places: Arc::new(Semaphore::new(turns + queue_max)) }
    }

    /// The hash of a password with fresh salt, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Busy`] if the queue is full; otherwise if the machine has no randomness or no memory.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.work(move || {
            let hash: PasswordHash = hasher()?.hash_password(normal(&password).as_bytes()).map_err(Error::internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one that was hashed. Without a hash it is not, which takes as long to find out.
    ///
    /// # Errors
    /// [`Error::Busy`] if the queue is full; otherwise if the stored hash is damaged, or the machine has no memory.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        // Decided before it waits, so that a queue of long texts does not fill the memory.
        let is_short = password.len() <= BYTES_MAX;
        let password = if is_short { normal(&password) } else { String::new() };
        self.work(move || {
            let known = hash.is_some() && is_short;
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY)).map_err(Error::internal)?;
            match hasher()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(known),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(cause) => Err(Error::internal(cause)),
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        // Whoever gives up while waiting leaves their place.
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Error::Busy("too many sign-ins at once: try again in a few seconds"))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        let done = spawn_blocking(move || {
            // Held until the work is done, also when the one who asked for it has gone.
            let (_turn, _place) = (turn, place);
            work()
        });
        done.await.map_err(Error::internal)?
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// One form for texts that look the same, however a keyboard composes them (RFC 8265, OpaqueString).
fn normal(password: &str) -> String {
    password.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_that_was_hashed_is_right() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse é".into()).await.unwrap();
        assert!(passwords.verify("correct horse é".into(), Some(hash.clone())).await.unwrap());
        assert!(passwords.verify("correct horse e\u{301}".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("x".repeat(1 << 20), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse é".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_costs_what_an_account_costs() {
        let hash = Passwords::default().hash("correct horse".into()).await.unwrap();
        let (nobody, hash) = (PasswordHash::new(NOBODY).unwrap(), PasswordHash::new(&hash).unwrap());
        assert_eq!((nobody.algorithm, nobody.version), (hash.algorithm, hash.version));
        assert_eq!(nobody.params.to_string(), hash.params.to_string());
        assert_eq!(nobody.hash.unwrap().len(), hash.hash.unwrap().len());
    }

    #[tokio::test]
    async fn one_more_than_the_queue_holds_is_refused_at_once() {
        let passwords = Passwords::new(2);
        let at_work = passwords.places.available_permits() - 2;
        let busy = Arc::clone(&passwords.turns).acquire_many_owned(u32::try_from(at_work).unwrap()).await.unwrap();
        let places = Arc::clone(&passwords.places).acquire_many_owned(u32::try_from(at_work).unwrap()).await.unwrap();
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify("x".into(), None).await })
            })
            .collect();
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.verify("x".into(), None).await.unwrap_err();
        assert_eq!(refused.code(), "TOO_MANY_REQUESTS");
        drop((busy, places));
        for one in waiting {
            assert!(!one.await.unwrap().unwrap(), "who waited is answered");
        }
        assert!(!passwords.verify("x".into(), None).await.unwrap(), "and their places are free again");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_their_place() {
        let passwords = Passwords::new(1);
        let all = u32::try_from(passwords.turns.available_permits()).unwrap();
        let busy = Arc::clone(&passwords.turns).acquire_many_owned(all).await.unwrap();
        let free = passwords.places.available_permits();
        let waiting = tokio::spawn({
            let passwords = passwords.clone();
            async move { passwords.verify("x".into(), None).await }
        });
        while passwords.places.available_permits() == free {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(passwords.places.available_permits(), free);
        drop(busy);
    }

    #[tokio::test]
    async fn a_damaged_hash_is_our_fault() {
        let verified = Passwords::default().verify("correct horse".into(), Some("plain".into())).await;
        assert!(matches!(verified, Err(Error::Internal(_))));
    }
}
