//! Named threads behind a bounded queue: full means `Stalled`, now.

use crate::domain::Stalled;
use crossbeam_channel::{Sender, TrySendError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A pool of named threads that computes what async code must not.
#[derive(Debug)]
pub struct Workers {
    stage: &'static str,
    jobs: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// Starts `threads_n` threads named after the stage, with room for `queue_len_max` waiting jobs.
    ///
    /// # Errors
    /// Where the system starts no thread.
    pub fn start(stage: &'static str, threads_n: usize, queue_len_max: usize) -> std::io::Result<Self> {
        let (sender, receiver) = bounded::<Job>(queue_len_max);
        let mut threads = Vec::with_capacity(threads_n);
        for n in 0..threads_n.max(1) {
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new().name(format!("{stage}-{n}")).spawn(move || {
                for job in receiver {
                    // A job that panics is its caller's failure, never the thread's.
                    drop(catch_unwind(AssertUnwindSafe(job)));
                }
            })?;
            threads.push(thread);
        }
        Ok(Self { stage, jobs: Mutex::new(Some(sender)), threads: Mutex::new(threads) })
    }

    /// Runs a job on one of the threads. A job whose caller has gone before it began is skipped.
    ///
    /// # Errors
    /// [`Stalled::Full`] at once where the queue has no room; [`Stalled::Failed`] where the job panicked or the pool was stopped.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Stalled> {
        let (answer, result) = oneshot::channel();
        let job = Box::new(move || {
            if !answer.is_closed() {
                // The caller may leave while the job runs; then nobody wants the result.
                let _ = answer.send(job());
            }
        });
        let sender = self.jobs.lock().ok().and_then(|jobs| jobs.clone());
        match sender.map(|sender| sender.try_send(job)) {
            Some(Ok(())) => result.await.map_err(|_| Stalled::Failed { stage: self.stage }),
            Some(Err(TrySendError::Full(_))) => Err(Stalled::Full { stage: self.stage }),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(Stalled::Failed { stage: self.stage }),
        }
    }

    /// Finishes what is queued, takes nothing new, and waits for the threads.
    pub fn stop(&self) {
        if let Ok(mut jobs) = self.jobs.lock() {
            jobs.take();
        }
        let threads = self.threads.lock().map(|mut threads| std::mem::take(&mut *threads));
        for thread in threads.into_iter().flatten() {
            // The thread catches panics of jobs, so joining cannot fail.
            let _ = thread.join();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn refuses_at_once_when_full_and_survives_a_panic() {
        let workers = Workers::start("test", 1, 1).unwrap();
        assert_eq!(
            workers.run(|| -> u8 { std::panic::resume_unwind(Box::new("gone wrong")) }).await,
            Err(Stalled::Failed { stage: "test" })
        );
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let (began, begun) = std::sync::mpsc::channel::<()>();
        let busy = workers.run(move || {
            began.send(()).unwrap();
            held.recv().unwrap();
            1
        });
        let mut busy = Box::pin(busy);
        let queued = workers.run(|| 2);
        let mut queued = Box::pin(queued);
        // Poll both once: the first occupies the thread, the second the only place in the queue.
        assert!(futures_util::poll!(&mut busy).is_pending());
        begun.recv().unwrap();
        assert!(futures_util::poll!(&mut queued).is_pending());
        assert_eq!(workers.run(|| 3).await, Err(Stalled::Full { stage: "test" }));
        hold.send(()).unwrap();
        assert_eq!((busy.await, queued.await), (Ok(1), Ok(2)));
        workers.stop();
        assert_eq!(workers.run(|| 4).await, Err(Stalled::Failed { stage: "test" }));
    }
}
