//! Ctrl-C: noted, so that what was begun can be taken down in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Notes `SIGINT` and `SIGTERM`, which no longer end the process.
pub(crate) struct Interrupt {
    happened: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch, for the rest of the process.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let happened = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&happened);
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            if let Err(error) = watch(&noted, &ready) {
                // Later than the first answer nobody listens.
                let _ = ready.send(Err(error));
            }
        });
        is_ready.recv().context("cannot wait for signals")??;
        Ok(Self { happened })
    }

    /// Fails once a signal came.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.happened.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        Ok(())
    }
}

fn watch(noted: &AtomicBool, ready: &mpsc::Sender<anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // A caller that is gone needs no answer.
        let _ = ready.send(Ok(()));
        // Cancel-safety: a signal that is not received by one is received by the other.
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        noted.store(true, Ordering::Relaxed);
        Ok(())
    })
}
