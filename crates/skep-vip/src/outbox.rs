//! Advertisements that wait to be sent, encoded when they were decided: what changes afterwards,
//! be it the removal of their router, does not change them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use skep_vrrp::packet::Advertisement;

use crate::action::Transmission;

/// The queue. Its memory is kept, so a queue that is drained regularly stops allocating.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    envelopes: VecDeque<Envelope>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Envelope {
    interface: Arc<str>,
    source: IpAddr,
    destination: IpAddr,
    message: Range<usize>,
}

impl Outbox {
    /// Queues an advertisement from one address to another, and what follows it.
    pub(crate) fn push(
        &mut self,
        interface: &Arc<str>,
        (source, destination): (IpAddr, IpAddr),
        advertisement: &Advertisement<'_>,
        trailer: &[u8],
    ) {
        if self.envelopes.is_empty() {
            self.bytes.clear();
        }
        let start = self.bytes.len();
        self.bytes.resize(start + advertisement.encoded_length(), 0);
        advertisement
            .encode(source, destination, &mut self.bytes[start..])
            .expect("the buffer has just been given the encoded length");
        self.bytes.extend_from_slice(trailer);
        let message = start..self.bytes.len();
        let interface = Arc::clone(interface);
        self.envelopes.push_back(Envelope {
            interface,
            source,
            destination,
            message,
        });
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.envelopes.is_empty()
    }

    /// The oldest advertisement.
    pub(crate) fn pop(&mut self) -> Option<Transmission<'_>> {
        let Envelope {
            interface,
            source,
            destination,
            message,
        } = self.envelopes.pop_front()?;
        Some(Transmission {
            interface,
            source,
            destination,
            message: &self.bytes[message],
        })
    }
}
