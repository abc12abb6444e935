//! What hand does because wire wants it.

use std::io;

use super::Hand;
use crate::memory::Placed;
use crate::vip::leftovers::drop_leftovers;
use crate::vip::notes::Wish;

impl Hand {
    /// Carries out what wire wants; whether it wants nothing more.
    pub(super) async fn grant_wishes(&mut self) -> io::Result<bool> {
        let mut done = false;
        self.early.extend(self.wishes.take_all()?);
        while !self.early.is_empty() {
            for wish in std::mem::take(&mut self.early) {
                done |= self.grant(wish).await;
            }
            self.ensure_addresses().await?;
        }
        self.reports.send(&self.control);
        Ok(done)
    }

    /// Takes note of what wire wants; whether it wants nothing more.
    async fn grant(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Present(holding) => self.addresses.want(holding),
            Wish::Absent(holding) => {
                let placed = Placed {
                    interface: holding.interface,
                    address: holding.address,
                    prefix_length: holding.prefix_length,
                };
                self.addresses.drop(&placed);
                self.guard.forget(&(placed.interface, placed.address));
            }
            Wish::Begun => {
                drop_leftovers(&mut self.addresses, &self.interfaces, &self.memory);
                self.routes
                    .drop_leftovers(&self.netlink, &self.interfaces)
                    .await;
            }
            Wish::RoutePresent(route) => self.routes.want(route),
            Wish::RouteAbsent(route) => self.routes.drop(route),
            Wish::Announce(announcement) => self.announcements.push(announcement),
            Wish::Withhold(announcement) => self.withhold(&announcement),
            Wish::Close(socket) => drop(socket),
            Wish::Report(report) => self.reports.note(*report),
            Wish::Segment(segment) => self.reports.note_segment(segment),
            Wish::Restricted(restriction) => self.reports.note_restriction(restriction),
            Wish::Lateness(lateness) => self.reports.note_wire_lateness(lateness),
            Wish::Done => return true,
        }
        false
    }
}
