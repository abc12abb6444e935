//! The virtual routers of the node, each in its slot.

use crate::router::Router;

/// Slots that keep their number while their router lives; a free one is used again.
#[derive(Debug, Default)]
pub(crate) struct Roster(Vec<Option<Router>>);

impl Roster {
    pub(crate) fn get(&self, slot: usize) -> Option<&Router> {
        self.0.get(slot)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Router> {
        self.0.get_mut(slot)?.as_mut()
    }

    pub(crate) fn insert(&mut self, router: Router) -> usize {
        let free = self.0.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.0.len());
        match free {
            Some(slot) => self.0[slot] = Some(router),
            None => self.0.push(Some(router)),
        }
        slot
    }

    pub(crate) fn remove(&mut self, slot: usize) -> Option<Router> {
        self.0.get_mut(slot)?.take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Router)> {
        let slots = self.0.iter().enumerate();
        slots.filter_map(|(slot, router)| Some((slot, router.as_ref()?)))
    }
}
