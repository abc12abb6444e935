//! A bounded queue between two threads whose reader waits for a descriptor.
//!
//! The memory of the queue exists from the start and neither side ever waits for the other: the
//! wire thread must not stand still because the hand thread waits for the kernel.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use skep_linux::waker::Waker;

/// The end that is written to.
pub(super) struct Outbox<T> {
    messages: SyncSender<T>,
    waker: Arc<Waker>,
}

/// The end that is read; its descriptor is readable while something waits.
pub(super) struct Inbox<T> {
    messages: Receiver<T>,
    waker: Arc<Waker>,
}

/// Why a message was not put into the queue.
pub(super) enum PutError<T> {
    /// It is full; here is the message.
    Full(T),
    /// The reader is gone.
    Closed,
}

/// A queue of at most `capacity` messages.
pub(super) fn mailbox<T>(capacity: usize) -> io::Result<(Outbox<T>, Inbox<T>)> {
    let (sender, receiver) = sync_channel(capacity);
    let waker = Arc::new(Waker::new()?);
    let outbox = Outbox {
        messages: sender,
        waker: Arc::clone(&waker),
    };
    Ok((
        outbox,
        Inbox {
            messages: receiver,
            waker,
        },
    ))
}

impl<T> Outbox<T> {
    pub(super) fn put(&self, message: T) -> Result<(), PutError<T>> {
        match self.messages.try_send(message) {
            Ok(()) => {
                self.waker.wake();
                Ok(())
            }
            Err(TrySendError::Full(message)) => Err(PutError::Full(message)),
            Err(TrySendError::Disconnected(_)) => {
                self.waker.wake();
                Err(PutError::Closed)
            }
        }
    }
}

impl<T> Drop for Outbox<T> {
    /// A reader that waits finds out that nothing more comes.
    fn drop(&mut self) {
        self.waker.wake();
    }
}

impl<T> Inbox<T> {
    /// Whether something was put in since this was asked last.
    pub(super) fn was_woken(&self) -> bool {
        self.waker.drain().unwrap_or(true)
    }

    /// What waits, oldest first.
    ///
    /// # Errors
    ///
    /// When the descriptor cannot be read.
    pub(super) fn take_all(&self) -> io::Result<impl Iterator<Item = T> + '_> {
        // Before the messages are taken: one that is put meanwhile wakes the reader again.
        self.waker.drain()?;
        Ok(self.messages.try_iter())
    }
}

impl<T> AsFd for Inbox<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::{PutError, mailbox};

    #[test]
    fn messages_arrive_in_order_and_a_full_queue_gives_the_message_back() {
        let (outbox, inbox) = mailbox(2).expect("a mailbox");
        for number in [1, 2] {
            assert!(outbox.put(number).is_ok());
        }
        assert!(matches!(outbox.put(3), Err(PutError::Full(3))));
        let taken: Vec<u32> = inbox.take_all().expect("readable").collect();
        assert_eq!(taken, [1, 2]);
        assert!(outbox.put(4).is_ok());
    }
}
