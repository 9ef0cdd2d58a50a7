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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn what_finds_the_queue_full_is_turned_away_at_once() {
        let turns = Arc::new(Semaphore::new(0));
        let held = Arc::clone(&turns);
        let group = Group::spawn(move |batch: Vec<usize>| {
            let turns = Arc::clone(&held);
            async move {
                let turn = turns.acquire().await;
                drop(turn);
                batch
            }
        });
        // The first is being written; the queue fills behind it.
        let first = async { group.write(0).await };
        let others = async {
            tokio::task::yield_now().await;
            let answered = join_all((1..=QUEUE + 3).map(|number| group.write(number)));
            let opened = async {
                tokio::task::yield_now().await;
                turns.add_permits(1);
            };
            tokio::join!(answered, opened).0
        };
        let (first, others) = tokio::join!(first, others);
        assert_eq!(first, Some(0));
        let (taken, refused): (Vec<_>, Vec<_>) = (1..).zip(others).partition(|(_, answer)| answer.is_some());
        assert!(taken.iter().all(|(number, answer)| Some(*number) == *answer), "somebody else's answer");
        assert_eq!((taken.len(), refused.len()), (QUEUE, 3));
    }
}
