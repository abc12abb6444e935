//! The routes this node holds, whichever virtual router wants them.

use std::collections::{BTreeSet, VecDeque};

use crate::action::Action;
use crate::configuration::{RouterConfiguration, VirtualRoute};

/// What is wanted, and the changes on the way there: removals come before the addresses change,
/// additions after, because a route may need the address.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    held: BTreeSet<VirtualRoute>,
    removals: VecDeque<VirtualRoute>,
    additions: VecDeque<VirtualRoute>,
}

impl Routes {
    /// Makes the table what is `wanted`.
    pub(crate) fn settle(&mut self, wanted: BTreeSet<VirtualRoute>) {
        if wanted == self.held {
            return;
        }
        self.additions.retain(|route| wanted.contains(route));
        let gone = self.held.difference(&wanted).cloned();
        self.removals.extend(gone);
        let new = wanted.difference(&self.held).cloned();
        self.additions.extend(new);
        self.held = wanted;
    }

    /// The next route to remove.
    pub(crate) fn pop_removal(&mut self) -> Option<Action<'static>> {
        self.removals.pop_front().map(Action::RemoveRoute)
    }

    /// The next route to add.
    pub(crate) fn pop_addition(&mut self) -> Option<Action<'static>> {
        self.additions.pop_front().map(Action::AddRoute)
    }
}

/// The routes of `router` with nothing left open: a route without a gateway leaves by the router's
/// own interface.
pub(crate) fn routes_of(router: &RouterConfiguration) -> impl Iterator<Item = VirtualRoute> + '_ {
    router.routes.iter().map(|route| {
        let own = || route.via.is_none().then(|| router.interface.clone());
        VirtualRoute {
            interface: route.interface.clone().or_else(own),
            ..route.clone()
        }
    })
}
