//! Trying beside the virtual routers whether advertisements would pass: each trial is a thread.
//!
//! Opening and closing a socket may wait for the kernel's configuration lock, and what arrives may
//! be a stranger's flood. So neither wire nor hand has a part in it, and the thread has no priority.

mod bench;

use std::net::IpAddr;
use std::thread;

use skep_vip::message::trial::{Lane, LaneReport, Stage, Trial, TrialReport};
use tokio::sync::watch;

use crate::vip::mailbox::{Outbox, mailbox};
use crate::vip::trials::bench::Bench;

/// How many orders wait for the thread: a trial has three.
const ORDERS_MAX: usize = 8;

/// An interface that can be tried: its index, and the address to send from.
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) source: IpAddr,
}

/// The trial that goes on, if one does, and what became of it.
pub(super) struct Trials {
    running: Option<Running>,
    said: watch::Sender<Option<TrialReport>>,
    heard: watch::Receiver<Option<TrialReport>>,
}

struct Running {
    token: String,
    orders: Outbox<Stage>,
}

impl Trials {
    pub(super) fn new() -> Self {
        let (said, heard) = watch::channel(None);
        Self {
            running: None,
            said,
            heard,
        }
    }

    /// Begins `trial`, or lets it go on. `place` says where a lane is, or why it is nowhere.
    pub(super) fn follow(&mut self, trial: Trial, place: impl Fn(&Lane) -> Result<Place, String>) {
        if let Some(running) = &self.running
            && running.token == trial.token
        {
            // It cannot be full, and a thread that is gone has told that its trial is over.
            let _over = running.orders.put(trial.stage);
            return;
        }
        match trial.stage {
            Stage::Listening => {}
            // An earlier vip began it.
            Stage::Sent | Stage::Ended => return,
        }
        if let Some(before) = self.running.take() {
            let _over = before.orders.put(Stage::Ended);
        }
        let places = trial.lanes.iter().map(place).collect();
        match begin(trial.clone(), places, self.said.clone()) {
            Ok(running) => self.running = Some(running),
            Err(error) => {
                let _previous = self.said.send_replace(Some(refusal(&trial, &error)));
            }
        }
    }

    /// What became of the trial, whenever there is news. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> TrialReport {
        loop {
            // The sending half is this one's own: it cannot be gone.
            let _changed = self.heard.changed().await;
            if let Some(report) = self.heard.borrow_and_update().clone() {
                return report;
            }
        }
    }
}

fn begin(
    trial: Trial,
    places: Vec<Result<Place, String>>,
    said: watch::Sender<Option<TrialReport>>,
) -> std::io::Result<Running> {
    let (orders, inbox) = mailbox(ORDERS_MAX)?;
    let token = trial.token.clone();
    let run = move || {
        if let Err(error) = Bench::new(&trial, places, inbox).and_then(|bench| bench.run(&said)) {
            let _previous = said.send_replace(Some(refusal(&trial, &error)));
        }
    };
    thread::Builder::new().name("trial".to_owned()).spawn(run)?;
    Ok(Running { token, orders })
}

/// That nothing can be tried.
fn refusal(trial: &Trial, error: &std::io::Error) -> TrialReport {
    let refused = |_| LaneReport {
        refused: Some(error.to_string()),
        ..LaneReport::default()
    };
    TrialReport {
        token: trial.token.clone(),
        stage: Stage::Ended,
        lanes: trial.lanes.iter().map(refused).collect(),
    }
}
