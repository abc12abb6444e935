//! How many callers are served at once: so many in all and so many of each address.
//!
//! When there is no room the oldest gives way, that of the same address first: an honest call is
//! over in milliseconds, and whoever wants everything only takes from itself.

use std::collections::VecDeque;
use std::net::IpAddr;

use tokio::task::{AbortHandle, JoinSet};

/// How much room there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// For all callers together.
    pub(super) overall: usize,
    /// For the callers of one address.
    pub(super) each: usize,
}

/// The tasks that serve callers.
pub(super) struct Admission<T> {
    room: Room,
    tasks: JoinSet<T>,
    /// The same tasks, oldest first, and some that are over.
    order: VecDeque<(IpAddr, AbortHandle)>,
}

impl<T: Send + 'static> Admission<T> {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            tasks: JoinSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Begins to serve the caller at `address`.
    pub(super) fn admit(
        &mut self,
        address: IpAddr,
        task: impl Future<Output = T> + Send + 'static,
    ) {
        // The same host may call from an address of either family.
        let address = address.to_canonical();
        self.make_room(address);
        self.order.push_back((address, self.tasks.spawn(task)));
    }

    /// What a task came to, once one has ended by itself; never when there is none. Cancelling it
    /// loses nothing.
    pub(super) async fn next_ended(&mut self) -> T {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(outcome)) => return outcome,
                // It gave way.
                Some(Err(_aborted)) => {}
                None => std::future::pending().await,
            }
        }
    }

    fn make_room(&mut self, address: IpAddr) {
        self.order.retain(|(_, task)| !task.is_finished());
        let of_address = self.order.iter().filter(|(of, _)| *of == address).count();
        let oldest = if of_address >= self.room.each {
            self.order.iter().position(|(of, _)| *of == address)
        } else if self.order.len() >= self.room.overall {
            Some(0)
        } else {
            None
        };
        let oldest = oldest.and_then(|index| self.order.remove(index));
        if let Some((_, task)) = oldest {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot::error::TryRecvError;
    use tokio::sync::oneshot::{self, Receiver};

    use super::{Admission, Room};

    const ROOM: Room = Room {
        overall: 4,
        each: 2,
    };

    /// Serves a caller of this address for ever; what comes back ends when the caller gives way.
    fn admit(admission: &mut Admission<()>, address: &str) -> Receiver<()> {
        let (served, gone) = oneshot::channel();
        admission.admit(address.parse().unwrap(), async move {
            let _served = served;
            pending().await
        });
        gone
    }

    fn assert_served(mut caller: Receiver<()>) {
        assert_eq!(caller.try_recv(), Err(TryRecvError::Empty));
    }

    #[tokio::test]
    async fn who_wants_more_than_its_share_takes_from_itself() {
        let mut admission = Admission::new(ROOM);
        let other = admit(&mut admission, "10.0.0.1");
        let first = admit(&mut admission, "10.0.0.2");
        let second = admit(&mut admission, "10.0.0.2");
        let third = admit(&mut admission, "::ffff:10.0.0.2");
        first.await.unwrap_err();
        for caller in [other, second, third] {
            assert_served(caller);
        }
    }

    #[tokio::test]
    async fn when_all_room_is_taken_the_oldest_gives_way() {
        let mut admission = Admission::new(ROOM);
        let addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"];
        let [first, rest @ ..] = addresses.map(|address| admit(&mut admission, address));
        first.await.unwrap_err();
        for caller in rest {
            assert_served(caller);
        }
    }

    #[tokio::test]
    async fn who_has_left_takes_no_room_and_its_outcome_is_told() {
        let mut admission = Admission::new(ROOM);
        let address = "10.0.0.1".parse().unwrap();
        for number in 0..10 {
            admission.admit(address, async move { number });
            assert_eq!(admission.next_ended().await, number);
        }
    }
}
