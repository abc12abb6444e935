//! Which of two is in the way: what all others miss of one, or it of all others, is its fault.

/// How the attempts that one side made, or that were made to it, ended.
#[derive(Default)]
pub(super) struct Count {
    all: usize,
    lost: usize,
}

impl Count {
    /// One more ended.
    pub(super) const fn note(&mut self, is_lost: bool) {
        self.all += 1;
        if is_lost {
            self.lost += 1;
        }
    }

    /// Whether it is this side that stands in the way: several others say so.
    pub(super) const fn is_to_blame(&self) -> bool {
        self.all > 1 && self.all == self.lost
    }
}
