//! When access tokens were used last: written down behind the back of who asks, and at most once a minute, so that a read
//! waits for no write.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::moment::Moment;
use tokio::sync::RwLock;
use tracing::warn;

use crate::domain::access_token::{is_due, note_use};
use crate::op::{Actor, Credential, Op};

/// How many tokens are remembered at most.
const REMEMBERED_MAX: usize = 10_000;

/// The uses that this process has noted.
#[derive(Debug, Default)]
pub struct Uses {
    /// By the key of the token: what the database does not say yet, because it is just being told.
    noted: Arc<Mutex<HashMap<i64, Moment>>>,
    /// Read by each note under way.
    running: Arc<RwLock<()>>,
}

impl Uses {
    /// Notes that a token is used now, if the database last heard of it more than a minute ago.
    pub async fn note(&self, op: &Op, credential: &Credential, used_at: Option<Moment>) {
        let Credential::Token { id, .. } = *credential else { return };
        if !is_due(op.now(), used_at) || !self.remember(id, op.now()) {
            return;
        }
        let running = Arc::clone(&self.running).read_owned().await;
        let (noted, own) = (Arc::clone(&self.noted), op.base.op(Actor::Anonymous));
        tokio::spawn(async move {
            let _running = running;
            if let Err(cause) = note_use(&own, id).await {
                warn!(?cause, "cannot note the use of an access token");
                noted.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
        });
    }

    /// Whether this is the first use within a minute.
    fn remember(&self, id: i64, now: Moment) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&id).is_some_and(|at| !is_due(now, Some(*at))) {
            return false;
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        noted.insert(id, now);
        true
    }

    /// Waits for the notes under way.
    pub async fn settled(&self) {
        drop(self.running.write().await);
    }
}
