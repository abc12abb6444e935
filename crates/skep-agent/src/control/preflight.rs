//! Trying whether the nodes of a manifest can work together: this agent asks all of them, itself
//! among them, to listen, to knock at each other, and to say what arrived.
//!
//! What it means is judged by [`skep_plan::preflight`].

pub(super) mod facts;
pub(super) mod knocking;
pub(super) mod listening;
pub(super) mod trial;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_api::call::CallError;
use skep_api::path;
use skep_api::peer::{Peer, PeerClient};
use skep_api::preflight::{Round, Token};
use skep_manifest::name::NodeName;
use skep_plan::preflight::{Arrived, Asked, Facts, Knock, Seen, Verdict, Visit, Way, judge};

use crate::control::cluster::agent_of;
use crate::control::preflight::knocking::outcome;
use crate::control::question::Trouble;

/// How long an agent may take for one round: its engine has 3 s to answer, a node that is knocked
/// at 2 s.
const ROUND: Duration = Duration::from_secs(5);

/// Lets the nodes try, and says what that means.
pub(super) async fn run(
    client: PeerClient,
    by: Option<NodeName>,
    asked: Asked,
) -> Result<Verdict, Trouble> {
    let token =
        Token::random().ok_or_else(|| Trouble("the system gives no random bytes".to_owned()))?;
    let peers = asked.nodes.iter().map(agent_of).collect();
    let mut guide = Guide {
        client: client.with_limit(ROUND),
        peers,
        seen: Seen {
            by: by.filter(|by| asked.node(by).is_some()),
            ..Seen::default()
        },
    };
    let round = Round { token, asked };
    guide.listen(&round).await;
    guide.knock(&round).await;
    guide.hear(&round.token).await;
    Ok(judge(&round.asked, &guide.seen))
}

/// Leads the agents through the rounds.
struct Guide {
    client: PeerClient,
    /// Those that did what they were asked so far.
    peers: Vec<Peer>,
    seen: Seen,
}

impl Guide {
    async fn listen(&mut self, round: &Round) {
        for (node, facts) in self.ask::<Facts>(path::PREFLIGHT_LISTEN, round).await {
            let visit = Visit {
                clock_ahead_ms: facts.clock_ms.saturating_sub(clock_ms()),
                facts,
                knocks: Vec::new(),
                heard: [].into(),
                vrrp: Ok(Vec::new()),
                unplaced: Vec::new(),
            };
            self.seen.visits.insert(node, visit);
        }
    }

    async fn knock(&mut self, round: &Round) {
        for (node, knocks) in self.ask(path::PREFLIGHT_KNOCK, round).await {
            if let Some(visit) = self.seen.visits.get_mut(&node) {
                visit.knocks = knocks;
            }
        }
    }

    async fn hear(&mut self, token: &Token) {
        let arrived = self.ask::<Arrived>(path::PREFLIGHT_HEARD, token).await;
        // Who cannot say what arrived is not known to have missed it.
        self.seen
            .visits
            .retain(|node, _| arrived.contains_key(node));
        for (node, arrived) in arrived {
            if let Some(visit) = self.seen.visits.get_mut(&node) {
                visit.heard = arrived.heard.into_iter().collect();
                visit.vrrp = arrived.vrrp;
                visit.unplaced = arrived.unplaced;
            }
        }
    }

    /// What all of them answer; those that do not are asked no more.
    async fn ask<Answer: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> BTreeMap<NodeName, Answer> {
        let client = &self.client;
        let asked = self.peers.iter().map(|peer| async move {
            let answer: Result<Answer, CallError> = client.post(peer, path, body).await;
            (peer.clone(), answer)
        });
        let mut answers = BTreeMap::new();
        let mut willing = Vec::new();
        for (peer, answer) in join_all(asked).await {
            match answer {
                Ok(answer) => {
                    answers.insert(peer.node.clone(), answer);
                    willing.push(peer);
                }
                Err(error) => self.seen.unreached.push(Knock {
                    way: Way::tcp(peer.address.port()),
                    outcome: outcome(&error),
                    to: peer.node,
                }),
            }
        }
        self.peers = willing;
        answers
    }
}

/// The wall clock, in milliseconds since 1970.
fn clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    i64::try_from(ms).unwrap_or(i64::MAX)
}
