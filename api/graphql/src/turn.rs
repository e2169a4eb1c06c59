//! Turns: everything that a request waits for is asked for before anything is read, so that it is read in one batch.
//!
//! A loader that reads in a task of its own may begin on another thread while the fields that will ask it too are still
//! being resolved: then what should be one statement is several, as the threads happen to run. Here the reads of a request
//! are part of its own task, and go on only when no field of it can.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedReceiver;

/// A read that fields of a request wait for.
pub type Read = BoxFuture<'static, ()>;

/// Runs `work`, and the reads that it asks for each time that it can go on no further.
pub async fn run<T>(work: impl Future<Output = T>, mut asked: UnboundedReceiver<Read>) -> T {
    let mut work = pin!(work);
    let mut reads = FuturesUnordered::new();
    poll_fn(move |cx| {
        let turn = Arc::new(Turn { again: AtomicBool::new(true), task: cx.waker().clone() });
        let waker = Waker::from(Arc::clone(&turn));
        loop {
            // A long list of fields gives way in between: it is not at its end before nobody has woken it.
            while turn.again.swap(false, Ordering::AcqRel) {
                if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(done);
                }
            }
            while let Ok(read) = asked.try_recv() {
                reads.push(read);
            }
            if !matches!(reads.poll_next_unpin(cx), Poll::Ready(Some(()))) && !turn.again.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Wakes the task, and remembers that the work itself can go on.
struct Turn {
    again: AtomicBool,
    task: Waker,
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.again.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}
