//! Whether a database is the one that this program expects.

use super::Store;
use crate::error::{Error, Result};

impl Store {
    /// Makes sure that the database has every migration.
    ///
    /// # Errors
    /// [`Error::BadInput`] if migrations are missing or unknown; otherwise if the database is away.
    pub async fn require_current(&self) -> Result<()> {
        let steps = self.migrations().await?;
        let mut missing = steps.iter().filter(|step| !step.applied);
        let Some(first) = missing.next() else { return Ok(()) };
        Err(Error::BadInput(format!(
            "{} of the database's {} migrations are not applied, the first is {}: run `demarche migrate up`",
            missing.count() + 1,
            steps.len(),
            first.name
        )))
    }
}
