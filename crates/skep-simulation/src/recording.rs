//! What somebody on the segment recorded, to say it again later.

use std::collections::VecDeque;
use std::rc::Rc;

use skep_vrrp::time::Instant;

use crate::node::Datagram;
use crate::random::Random;

/// How much is kept of each group.
const KEPT: usize = 32;

/// The last advertisements of every group.
#[derive(Debug)]
pub(crate) struct Recording(Vec<VecDeque<(Instant, Rc<Datagram>)>>);

impl Recording {
    pub(crate) fn new(groups: usize) -> Self {
        Self(vec![VecDeque::with_capacity(KEPT); groups])
    }

    pub(crate) fn keep(&mut self, group: usize, now: Instant, datagram: &Rc<Datagram>) {
        let kept = &mut self.0[group];
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((now, Rc::clone(datagram)));
    }

    /// One of those from before `until`.
    pub(crate) fn pick(
        &self,
        group: usize,
        until: Instant,
        random: &mut Random,
    ) -> Option<Rc<Datagram>> {
        let kept = &self.0[group];
        let old = kept.partition_point(|(at, _)| *at < until);
        kept.get(random.index(old))
            .filter(|_| old > 0)
            .map(|(_, datagram)| Rc::clone(datagram))
    }
}
