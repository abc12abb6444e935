//! What is done to every pair.

use super::dialect::{Dialect, Preemption};
use super::pair::{Pair, Side};

use Preemption::{Off, On};
use Side::{Peer, Skep};

/// skep's priorities above and below the peer's usual one.
const ABOVE: u8 = 100;
const BELOW: u8 = 80;
const PEER: u8 = 90;
/// The peer's priority when it does not preempt.
const PEER_ABOVE: u8 = 110;

/// Lets each hold the address, preempt, stop, start again, die and stay behind; after every step
/// one holds the address.
pub(crate) fn walk(dialect: Dialect) {
    let mut pair = Pair::new(dialect);
    pair.start_peer(PEER, On);
    pair.settle("peer alone", Peer);
    pair.start_skep(&dialect.manifest(ABOVE, On));
    pair.settle("skep preempts", Skep);
    pair.assert_understood();
    pair.stop(Skep, PEER);
    pair.settle("skep stopped with priority 0", Peer);
    pair.start_skep(&dialect.manifest(ABOVE, On));
    pair.settle("skep restarted", Skep);
    pair.edit_skep(&dialect.manifest(BELOW, On));
    pair.settle("peer preempts", Peer);
    pair.stop(Peer, BELOW);
    pair.settle("peer stopped with priority 0", Skep);
    pair.start_peer(PEER, On);
    pair.settle("peer restarted", Peer);
    pair.edit_skep(&dialect.manifest(ABOVE, Off));
    pair.assert_stays("skep above without preemption", Peer);
    pair.cut_power(Peer, ABOVE);
    pair.settle("peer without power", Skep);
    pair.restore_power(Peer);
    pair.start_peer(PEER_ABOVE, Off);
    pair.assert_stays("peer above without preemption", Skep);
    pair.cut_power(Skep, PEER_ABOVE);
    pair.settle("skep without power", Peer);
}
