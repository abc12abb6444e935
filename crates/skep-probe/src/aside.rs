//! Work that the kernel may keep waiting: a file on a dead server, a name that nobody resolves.
//!
//! It runs on a thread of its own, and whoever waits for it can stop waiting. As a thread cannot
//! be ended, there is never more than one for the same check: the next look waits for it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// Lets one piece of such work run at a time.
#[derive(Clone, Debug)]
pub(crate) struct Aside(Arc<Semaphore>);

/// The right to run; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Aside {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Waits until what ran before has ended.
    pub(crate) async fn turn(&self) -> Turn {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        Turn {
            _permit: permit.expect("the semaphore is never closed"),
        }
    }

    /// The result of `work`, which goes on when nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let turn = self.turn().await;
        let done = spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        done.await
            .map_err(|_ended| "the look was interrupted".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::Aside;

    #[tokio::test]
    async fn work_that_hangs_is_not_begun_a_second_time() {
        let aside = Aside::new();
        let (end, ended) = mpsc::channel::<()>();
        let hanging = aside.run(move || ended.recv().is_ok());
        assert!(timeout(Duration::from_millis(20), hanging).await.is_err());
        let second = aside.run(|| true);
        assert!(timeout(Duration::from_millis(20), second).await.is_err());
        end.send(()).expect("it still waits");
        assert_eq!(aside.run(|| true).await, Ok(true));
    }
}
