//! Group commit: whatever queued while the last batch was being written goes out as the next one.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

/// At most this many items in one statement.
const BATCH: usize = 512;
/// At most this many items waiting; beyond that the caller is turned away at once.
const QUEUE: usize = 8192;

struct Item<T, R> {
    value: T,
    done: oneshot::Sender<R>,
}

/// A queue whose items are written together; each gets an answer of its own.
pub(crate) struct Group<T, R> {
    queue: mpsc::Sender<Item<T, R>>,
}

impl<T: Send + 'static, R: Send + 'static> Group<T, R> {
    /// Starts the writing task. `write` gets a batch and answers item by item, in order.
    pub(crate) fn spawn<W, F>(write: W) -> Self
    where
        W: Fn(Vec<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<R>> + Send,
    {
        let (queue, mut items) = mpsc::channel::<Item<T, R>>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while items.recv_many(&mut batch, BATCH).await > 0 {
                let (values, done): (Vec<T>, Vec<_>) =
                    batch.drain(..).map(|item| (item.value, item.done)).unzip();
                for (done, answer) in done.into_iter().zip(write(values).await) {
                    // A caller that went away no longer needs the answer.
                    let _ = done.send(answer);
                }
            }
        });
        Self { queue }
    }

    /// Queues `value` and waits for its answer. `None`: the queue is full, or the writing task is gone.
    pub(crate) async fn write(&self, value: T) -> Option<R> {
        let (done, written) = oneshot::channel();
        if self.queue.try_send(Item { value, done }).is_err() {
            return None;
        }
        written.await.ok()
    }
}
