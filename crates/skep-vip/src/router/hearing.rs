//! What a router makes of packets that arrive for it.

use std::net::IpAddr;
use std::time::Duration;

use skep_vrrp::action;
use skep_vrrp::admission::Rejection;
use skep_vrrp::identity::Priority;
use skep_vrrp::packet::{self, Advertisement, Packet};
use skep_vrrp::time::Instant;

use super::Router;
use crate::authenticity::Proof;
use crate::counting::{count_discard, count_foreign, count_rejection, count_unproven};
use crate::message::{AnomalyKind, Heard};
use crate::sensing::{differences, of_discard, of_rejection};
use crate::transport::Foreign;
impl Router {
    /// An advertisement for it arrived in `packet` at `now`, the wall time `since_1970`.
    pub(crate) fn hear(
        &mut self,
        packet: &Packet<'_>,
        heard: &Advertisement<'_>,
        since_1970: Duration,
        now: Instant,
    ) {
        let from = packet.source;
        let proof = self.examine(packet, heard, since_1970, now);
        let outcome = match proof {
            Proof::NotAsked | Proof::Given => self.machine.handle_advertisement(from, heard, now),
            Proof::Excused(unproven) => {
                count_unproven(&mut self.counters, unproven);
                self.machine.handle_advertisement(from, heard, now)
            }
            Proof::Refused(unproven) => Err(Rejection::Unproven(unproven)),
        };
        if let Err(rejection) = outcome {
            count_rejection(&mut self.counters, &rejection);
            self.sensing.note(from, of_rejection(&rejection), now);
            return;
        }
        self.counters.received += 1;
        if heard.priority == Priority::RELEASE {
            self.counters.releases_received += 1;
            self.sensing.note_release();
        }
        self.sense(from, heard, proof, now);
        let (priority, interval) = (heard.priority, heard.dialect.interval());
        self.status.heard = Some(Heard {
            from,
            at: now,
            priority,
            interval,
        });
    }

    /// Notes what does not fit in an advertisement that counts.
    fn sense(&mut self, from: IpAddr, heard: &Advertisement<'_>, proof: Proof, now: Instant) {
        let ours = self.machine.advertisement(heard.priority);
        for kind in differences(heard, &ours).into_iter().flatten() {
            if kind == AnomalyKind::Addresses {
                self.counters.address_list_mismatches += 1;
            }
            self.sensing.note(from, kind, now);
        }
        match proof {
            Proof::NotAsked | Proof::Given => {}
            Proof::Excused(unproven) | Proof::Refused(unproven) => {
                self.sensing
                    .note(from, AnomalyKind::Unproven(unproven), now);
            }
        }
        let members = self.configuration.members.as_ref();
        let is_unknown = members.is_some_and(|members| !members.contains(&from));
        if is_unknown && proof != Proof::Given {
            self.sensing.note(from, AnomalyKind::Foreign, now);
        }
        if heard.priority != Priority::RELEASE && self.is_rivalled_by(from, now) {
            let interval = heard.dialect.interval();
            let claim = (from, heard.priority);
            self.sensing.note_claim(claim, interval, now);
        }
    }

    /// Whether somebody else holds the addresses: this router, or who advertised just before.
    fn is_rivalled_by(&self, from: IpAddr, now: Instant) -> bool {
        match self.machine.state() {
            action::State::Active => true,
            // It waits for just that.
            action::State::Leaving => false,
            action::State::Backup | action::State::Initialize => {
                self.status.heard.as_ref().is_some_and(|before| {
                    before.from != from
                        && before.priority != Priority::RELEASE
                        && now.saturating_duration_since(before.at) < before.interval * 2
                })
            }
        }
    }

    /// Its own advertisement coming back proves nothing: the machine knows it by its source.
    fn examine(
        &mut self,
        packet: &Packet<'_>,
        heard: &Advertisement<'_>,
        since_1970: Duration,
        now: Instant,
    ) -> Proof {
        if self.source == Some(packet.source) {
            return Proof::NotAsked;
        }
        self.authenticity.examine(packet, heard, since_1970, now)
    }

    /// A packet for it came another way than its advertisements do.
    pub(crate) fn refuse(&mut self, from: IpAddr, foreign: Foreign, now: Instant) {
        count_foreign(&mut self.counters, foreign);
        self.sensing.note(from, AnomalyKind::Foreign, now);
    }

    /// A packet for it was no advertisement.
    pub(crate) fn discard(&mut self, from: IpAddr, discard: &packet::Discard, now: Instant) {
        count_discard(&mut self.counters, discard);
        self.sensing.note(from, of_discard(discard), now);
    }
}
