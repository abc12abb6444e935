//! The vip process: the data plane, in two threads.
//!
//! `wire` owns sockets and timers and runs [`skep_vip`]'s brain; it never asks the kernel for
//! anything that could make it wait. `hand` owns netlink, which may wait for seconds while Docker
//! starts containers: it watches interfaces, opens sockets and puts addresses where the brain
//! wants them.

mod addresses;
mod hand;
mod interfaces;
mod keeper;
mod mailbox;
mod notes;
mod reports;
mod wire;

use std::sync::Arc;
use std::thread;

use anyhow::Context;
use skep_linux::process::channel::Channel;

use crate::memory::Memory;
use crate::vip::hand::Hand;
use crate::vip::wire::Wire;

/// Messages between the threads that may wait: every address of 255 routers removed and announced
/// at once, with room to spare.
const MAILBOX_CAPACITY: usize = 4096;

/// Runs the data plane until it is told to stop, and releases every address then.
///
/// # Errors
///
/// When the kernel refuses what the data plane cannot do without.
pub(crate) fn run(channel: Channel, memory: Memory) -> anyhow::Result<()> {
    let memory = Arc::new(memory);
    let (to_wire, from_hand) = mailbox::mailbox(MAILBOX_CAPACITY)?;
    let (to_hand, from_wire) = mailbox::mailbox(MAILBOX_CAPACITY)?;
    let wire = Wire::new(from_hand, to_hand, Arc::clone(&memory))?;
    let wire = thread::Builder::new()
        .name("wire".to_owned())
        .spawn(move || wire.run())
        .context("cannot start the wire thread")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the hand thread")?;
    runtime.block_on(async {
        let hand = Hand::new(channel, memory, to_wire, from_wire).await?;
        hand.run().await
    })?;
    match wire.join() {
        Ok(outcome) => outcome,
        Err(_panic) => anyhow::bail!("the wire thread panicked"),
    }
}
