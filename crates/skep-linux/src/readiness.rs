//! Waiting for a descriptor on the caller's tokio runtime.
#![expect(
    unsafe_code,
    reason = "tokio trusts that a descriptor stays open while it is registered"
)]

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Tells when something can be read from a descriptor.
#[derive(Debug)]
pub struct Readiness {
    descriptor: AsyncFd<OwnedFd>,
}

impl Readiness {
    /// The readiness of `source`; it must be called on a tokio runtime with I/O.
    pub fn of(source: &impl AsFd) -> io::Result<Self> {
        let copy = source.as_fd().try_clone_to_owned()?;
        // SAFETY: the copy is open, always the same, and closed only when `AsyncFd` drops it. It
        // refers to the same open file as `source`, which is what readiness belongs to.
        let registered = unsafe { AsyncFd::register_with_interest(copy, Interest::READABLE) };
        let descriptor = registered.map_err(|refused| refused.into_parts().1)?;
        Ok(Self { descriptor })
    }

    /// Calls `read`, which must not wait, whenever something may be there, until it finds
    /// something. Dropping the future loses nothing: what was not read is still there.
    pub async fn read<T>(&self, mut read: impl FnMut() -> Option<T>) -> io::Result<T> {
        loop {
            let mut ready = self.descriptor.readable().await?;
            if let Some(found) = read() {
                return Ok(found);
            }
            ready.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Readiness;
    use crate::waker::Waker;

    #[tokio::test]
    async fn a_waiting_task_is_woken_each_time_something_is_there() {
        let waker = Arc::new(Waker::new().expect("a waker"));
        let readiness = Readiness::of(&*waker).expect("on a runtime");
        for _ in 0..3 {
            let other = Arc::clone(&waker);
            std::thread::spawn(move || other.wake());
            let lowered = || waker.drain().expect("readable").then_some(());
            readiness.read(lowered).await.expect("on a runtime");
        }
    }
}
