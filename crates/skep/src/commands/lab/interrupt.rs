//! Ctrl-C while a lab is made or changed: what was begun is taken down in order, or finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Notes `SIGINT` and `SIGTERM`, which no longer end the process.
pub(super) struct Interrupt {
    happened: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch, for the rest of the process.
    pub(super) fn watch() -> anyhow::Result<Self> {
        let happened = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&happened);
        let (ready, is_ready) = mpsc::channel();
        std::thread::Builder::new()
            .name("interrupt".to_owned())
            .spawn(move || {
                let watching = watch(&noted, &ready);
                // Whoever waits for `ready` hears of a failure; later nobody does.
                let _ = watching.map_err(|error| ready.send(Err(error)));
            })
            .context("cannot start a thread")?;
        is_ready.recv().context("cannot wait for signals")??;
        Ok(Self { happened })
    }

    /// Fails once a signal came.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.happened.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        Ok(())
    }
}

fn watch(noted: &AtomicBool, ready: &mpsc::Sender<anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for signals")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // A caller that is gone needs no answer.
        let _ = ready.send(Ok(()));
        // Cancel-safety: a signal that is not received here is received in the next turn.
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        noted.store(true, Ordering::Relaxed);
        Ok(())
    })
}
