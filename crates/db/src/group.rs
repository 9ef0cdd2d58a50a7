//! Group commit: whatever queued while the last batch was being written goes out as the next one.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

/// At most this many items in one statement.
const BATCH: usize = 512;
/// At most this many items waiting; beyond that the caller is turned away at once.
const QUEUE: usize = 8192;

struct Item<T> {
    value: T,
    done: oneshot::Sender<bool>,
}

/// A queue whose items are written together.
pub(crate) struct Group<T> {
    queue: mpsc::Sender<Item<T>>,
}

impl<T: Send + 'static> Group<T> {
    /// Starts the writing task. `write` gets a batch and answers, item by item, whether it is durable.
    pub(crate) fn spawn<W, F>(write: W) -> Self
    where
        W: Fn(Vec<T>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<bool>> + Send,
    {
        let (queue, mut items) = mpsc::channel::<Item<T>>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while items.recv_many(&mut batch, BATCH).await > 0 {
                let (values, done): (Vec<T>, Vec<_>) =
                    batch.drain(..).map(|item| (item.value, item.done)).unzip();
                let durable = write(values).await;
                for (index, done) in done.into_iter().enumerate() {
                    // A caller that went away no longer needs the answer.
                    let _ = done.send(durable.get(index).copied().unwrap_or(false));
                }
            }
        });
        Self { queue }
    }

    /// Queues `value` and waits until it is durable. `false`: it is not.
    pub(crate) async fn write(&self, value: T) -> bool {
        let (done, written) = oneshot::channel();
        if self.queue.try_send(Item { value, done }).is_err() {
            return false;
        }
        written.await.unwrap_or(false)
    }
}
