//! Which router has something to do when.

use skep_vrrp::time::Instant;

/// At most one deadline per slot, the earliest at hand: a binary heap that knows where in it each
/// slot is, so that a deadline moves in place. Deadlines move with every advertisement; memory is
/// taken only when a slot is used for the first time.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// Invariant: no entry is earlier than its parent, the one at `(place - 1) / 2`.
    heap: Vec<(Instant, usize)>,
    /// Invariant: `heap[places[slot]]` is the entry of `slot`.
    places: Vec<Option<usize>>,
}

impl Deadlines {
    /// The earliest deadline and its slot; of equal ones that of the lowest slot.
    pub(crate) fn first(&self) -> Option<(Instant, usize)> {
        self.heap.first().copied()
    }

    /// Gives `slot` this deadline, or none.
    pub(crate) fn set(&mut self, slot: usize, deadline: Option<Instant>) {
        if self.places.len() <= slot {
            self.places.resize(slot + 1, None);
        }
        match (self.places[slot], deadline) {
            (None, None) => {}
            (None, Some(deadline)) => {
                self.heap.push((deadline, slot));
                self.sift_up(self.heap.len() - 1);
            }
            (Some(place), Some(deadline)) => {
                self.heap[place].0 = deadline;
                self.sift(place);
            }
            (Some(place), None) => {
                self.places[slot] = None;
                self.heap.swap_remove(place);
                if place < self.heap.len() {
                    self.sift(place);
                }
            }
        }
    }

    fn sift(&mut self, place: usize) {
        let place = self.sift_up(place);
        self.sift_down(place);
    }

    /// Moves the entry up to where it belongs and says where that is.
    fn sift_up(&mut self, mut place: usize) -> usize {
        while place > 0 && self.heap[place] < self.heap[(place - 1) / 2] {
            let parent = (place - 1) / 2;
            self.swap(place, parent);
            place = parent;
        }
        self.places[self.heap[place].1] = Some(place);
        place
    }

    fn sift_down(&mut self, mut place: usize) {
        loop {
            let children = (2 * place + 1)..(2 * place + 3).min(self.heap.len());
            let Some(child) = children.min_by_key(|child| self.heap[*child]) else {
                break;
            };
            if self.heap[place] <= self.heap[child] {
                break;
            }
            self.swap(place, child);
            place = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.places[self.heap[a].1] = Some(a);
        self.places[self.heap[b].1] = Some(b);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_deadline_is_that_of_a_sorted_table(
            changes in vec((0..255_usize, proptest::option::of(0..1_000_u64)), 1..400),
        ) {
            let mut deadlines = Deadlines::default();
            let mut table = BTreeMap::new();
            for (slot, deadline) in changes {
                let deadline = deadline.map(|at| Instant::from_boot(Duration::from_millis(at)));
                deadlines.set(slot, deadline);
                match deadline {
                    Some(deadline) => table.insert(slot, deadline),
                    None => table.remove(&slot),
                };
                let first = table.iter().map(|(slot, deadline)| (*deadline, *slot)).min();
                prop_assert_eq!(deadlines.first(), first);
            }
        }
    }
}
