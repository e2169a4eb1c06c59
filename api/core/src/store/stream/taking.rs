//! Rows are taken on a thread of their own, some at a time: while what they say is written, the next are read.

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Outlet, Row, Taker, gone};
use crate::error::{Error, Result};

/// How many blocks wait to be taken.
const WAITING: usize = 2;

/// Looks at a row.
pub(super) type Look<'a> = &'a mut dyn FnMut(Row<'_>) -> Result<()>;

/// The thread that takes rows.
pub(super) struct Taking<B> {
    pub(super) feed: Feed<B>,
    pub(super) taken: Taken,
}

/// Where blocks of rows are handed over.
pub(super) struct Feed<B> {
    blocks: mpsc::Sender<B>,
    spare: mpsc::Receiver<B>,
}

/// What comes of them.
pub(super) struct Taken(JoinHandle<Result<Box<dyn Taker>>>);

impl<B: Default + Send + 'static> Taking<B> {
    /// Begins. `rows` shows each row of a block. What the taker makes is handed on to `outlet`; without one it is dropped.
    pub(super) fn start(
        mut taker: Box<dyn Taker>,
        outlet: Option<&Outlet>,
        mut rows: impl FnMut(&mut B, Look<'_>) -> Result<()> + Send + 'static,
    ) -> Self {
        let (blocks, mut coming) = mpsc::channel::<B>(WAITING);
        let (emptied, spare) = mpsc::channel(WAITING + 1);
        let (outlet, runtime) = (outlet.cloned(), Handle::current());
        let work = move || {
            while let Some(mut block) = coming.blocking_recv() {
                rows(&mut block, &mut |row| match (taker.take(row)?, &outlet) {
                    (Some(bytes), Some(outlet)) => runtime.block_on(outlet.send(bytes)),
                    _ => Ok(()),
                })?;
                // Whoever reads may have come to an end.
                _ = emptied.try_send(block);
            }
            Ok(taker)
        };
        Self { feed: Feed { blocks, spare }, taken: Taken(spawn_blocking(work)) }
    }
}

impl<B: Default> Feed<B> {
    /// Hands a block over, and leaves an empty one in its place: one that has been taken, if there is one.
    ///
    /// # Errors
    /// If the taker has ended it: why, [`Taken`] knows.
    pub(super) async fn hand_over(&mut self, block: &mut B) -> Result<()> {
        let block = std::mem::replace(block, self.empty());
        self.blocks.send(block).await.map_err(|_| gone())
    }

    /// The same on a thread that may wait.
    pub(super) fn hand_over_blocking(&mut self, block: &mut B) -> Result<()> {
        let block = std::mem::replace(block, self.empty());
        self.blocks.blocking_send(block).map_err(|_| gone())
    }

    fn empty(&mut self) -> B {
        self.spare.try_recv().unwrap_or_default()
    }
}

impl Taken {
    /// The taker, when all has been read and taken; `read` is how the reading ended. If the taker ended it, that is why.
    pub(super) async fn after<T>(self, read: Result<T>) -> Result<(T, Box<dyn Taker>)> {
        let taker = self.0.await.map_err(Error::internal)??;
        Ok((read?, taker))
    }
}
