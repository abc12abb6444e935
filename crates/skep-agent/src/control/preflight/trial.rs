//! What the data plane tries for VIP groups while nodes try to reach each other.
//!
//! Control says how far it shall be, and waits until it is there: what it is told is always all
//! that is known of the trial.

use std::time::Duration;

use skep_api::preflight::Token;
use skep_manifest::name::NodeName;
use skep_plan::preflight::{Arrived, Heard, LaneSeen, Lanes};
use skep_vip::message::Command;
use skep_vip::message::trial::{Stage, Trial as Order, TrialReport};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long the data plane may take to open its sockets, which may wait for the kernel.
const READY: Duration = Duration::from_secs(3);

/// A trial as control has it.
pub(in crate::control) struct Trial {
    order: Order,
    lanes: Lanes,
}

impl Trial {
    /// One that `own` takes part in on `lanes`.
    pub(in crate::control) fn new(token: &Token, own: &NodeName, lanes: Lanes) -> Self {
        let order = Order {
            token: token.as_str().to_owned(),
            sender: own.to_string(),
            lanes: lanes.lanes.iter().map(|known| known.lane.clone()).collect(),
            stage: Stage::Listening,
        };
        Self { order, lanes }
    }

    /// What the data plane is told so that it goes on to `stage`; nothing when it has no part.
    pub(in crate::control) fn command(&self, stage: Stage) -> Option<Command> {
        if self.order.lanes.is_empty() {
            return None;
        }
        Some(Command::Try(Box::new(Order {
            stage,
            ..self.order.clone()
        })))
    }

    /// Waits until the data plane says that it is at `stage`; what became of the trial until then,
    /// if it does.
    pub(in crate::control) fn reached(
        &self,
        stage: Stage,
        mut said: watch::Receiver<Option<TrialReport>>,
    ) -> impl Future<Output = Option<TrialReport>> + use<> {
        let Order { token, lanes, .. } = &self.order;
        let (token, has_part) = (token.clone(), !lanes.is_empty());
        let is_there = move |report: &Option<TrialReport>| {
            let mut report = report.iter();
            report.any(|report| report.token == token && report.stage >= stage)
        };
        async move {
            if !has_part {
                return None;
            }
            let there = timeout(READY, said.wait_for(is_there)).await;
            there.ok()?.ok()?.clone()
        }
    }

    /// What arrived, and what became of each lane as the data plane told it at the end.
    pub(in crate::control) fn arrived(
        self,
        heard: Vec<Heard>,
        report: Option<TrialReport>,
    ) -> Arrived {
        let Lanes { lanes, unplaced } = self.lanes;
        let seen = |report: TrialReport| {
            let lanes = lanes.iter().cloned().zip(report.lanes);
            let seen = lanes.map(|(lane, report)| LaneSeen { lane, report });
            seen.collect()
        };
        let vrrp = match report {
            Some(report) => Ok(seen(report)),
            None if lanes.is_empty() => Ok(Vec::new()),
            None => Err("its data plane does not answer".to_owned()),
        };
        Arrived {
            heard,
            vrrp,
            unplaced,
        }
    }
}
