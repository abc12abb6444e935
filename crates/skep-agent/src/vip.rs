//! The vip process: the data plane, in two threads.
//!
//! `wire` owns sockets and timers and runs [`skep_vip`]'s brain; it never asks the kernel for
//! anything that could make it wait. `hand` owns netlink, which may wait for seconds while Docker
//! starts containers: it watches interfaces, opens sockets and puts addresses where the brain
//! wants them.

mod addresses;
mod foreign;
mod guard;
mod hand;
mod interfaces;
mod keeper;
mod lease;
mod leftovers;
mod mailbox;
mod notes;
mod record;
mod rehearsal;
mod reports;
mod routes;
mod silence;
mod sockets;
mod trials;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use skep_linux::process::channel::Channel;

use crate::memory::Memory;
use crate::vip::hand::Hand;
use crate::vip::wire::Wire;

/// What hand may have told before wire reads it; hand waits when it finds no room, so that a larger
/// table would only lock more memory.
const NOTICES_MAX: usize = 512;

/// What wire may want before hand has done it; it offers again what finds no room, so that a
/// larger table would only lock more memory.
const WISHES_MAX: usize = 256;

/// Runs the data plane until it is told to stop, and releases every address then.
///
/// # Errors
///
/// When the kernel refuses what the data plane cannot do without.
pub(crate) fn run(channel: Channel, memory: Memory) -> anyhow::Result<()> {
    let memory = Arc::new(memory);
    let (to_wire, from_hand) = mailbox::mailbox(NOTICES_MAX)?;
    let (to_hand, from_wire) = mailbox::mailbox(WISHES_MAX)?;
    let wire = Wire::new(from_hand, to_hand, Arc::clone(&memory))?;
    let wire = thread::Builder::new()
        .name("wire".to_owned())
        .spawn(move || run_wire(wire))
        .context("cannot start the wire thread")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the hand thread")?;
    runtime.block_on(async {
        let hand = Hand::new(channel, memory, to_wire, from_wire).await?;
        hand.run().await
    })?;
    wire.join()
        .map_err(|_panic| anyhow::anyhow!("the wire thread panicked"))
}

/// Runs the wire thread. When it fails, the process ends with it: the next one carries on within
/// the time of an advertisement, which waiting for a lost heartbeat would exceed.
fn run_wire(wire: Wire) {
    let outcome = catch_unwind(AssertUnwindSafe(|| wire.run()));
    if !matches!(outcome, Ok(Ok(()))) {
        if let Ok(Err(error)) = outcome {
            tracing::error!("the wire thread failed: {error:#}");
        }
        std::process::abort();
    }
}
