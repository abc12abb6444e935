//! Trying whether nodes can work together: as the agent that is asked, and as one of the nodes.

use skep_api::preflight::{Request, Round, Token};
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Node;
use skep_plan::preflight::{Asked, Facts, Heard, Knock, Verdict};
use skep_swarm::engine::Client;

use crate::control::now;
use crate::control::preflight::listening::Listening;
use crate::control::preflight::{self, facts, knocking};
use crate::control::question::{Answer, Trouble, answer};
use crate::control::state::Control;

impl Control {
    /// Lets all nodes try to reach each other.
    pub(super) fn handle_preflight(&self, request: Request, to: Answer<Verdict>) {
        let Some(cluster) = &self.cluster else {
            return answer(to, Err(self.standalone()));
        };
        let accepted = self.desired.accepted();
        let known = || Asked::of(&accepted?.desired);
        let Some(asked) = request.asked.or_else(known) else {
            let none = "nothing was applied yet: name the manifests with `-f`".to_owned();
            return answer(to, Err(Trouble(none)));
        };
        let (client, by) = (cluster.client(), self.desired.node().cloned());
        tokio::spawn(async move { answer(to, preflight::run(client, by, asked).await) });
    }

    /// Listens in place of the engine, and says what this node is.
    pub(super) fn handle_listen(&mut self, round: Round, to: Answer<Facts>) {
        self.end_listening();
        let Some(cluster) = &self.cluster else {
            return answer(to, Err(self.standalone()));
        };
        let Some(own) = self.own_in(&round.asked).cloned() else {
            return answer(to, Err(self.not_asked_for()));
        };
        if self.listening.is_some() {
            let busy = "another `skep preflight` is under way: try again in a moment";
            return answer(to, Err(Trouble(busy.to_owned())));
        }
        let Round { token, asked } = round;
        let (listening, taken) = Listening::open(token, asked.engine_ways(&own), now());
        let (engine, docker) = (cluster.engine(), self.options.cluster.docker.clone());
        self.listening = Some(listening);
        tokio::spawn(async move {
            let client = Client::new(&docker);
            let facts = facts::look(&client, engine, &asked, &own, taken).await;
            answer(to, Ok(facts));
        });
    }

    /// Tries to reach the others.
    pub(super) fn handle_knock(&self, round: Round, to: Answer<Vec<Knock>>) {
        let Some(cluster) = &self.cluster else {
            return answer(to, Err(self.standalone()));
        };
        let Some(own) = self.desired.node().cloned() else {
            return answer(to, Err(self.not_asked_for()));
        };
        let client = cluster.client();
        tokio::spawn(async move {
            answer(to, Ok(knocking::knock(&client, &own, &round).await));
        });
    }

    /// Ends listening and says what arrived.
    pub(super) fn answer_heard(&mut self, token: &Token, to: Answer<Vec<Heard>>) {
        let ours = self.listening.take_if(|listening| listening.is_for(token));
        let over = || Trouble("this agent does not listen any more".to_owned());
        let heard = ours.map(|listening| listening.heard());
        answer(to, heard.ok_or_else(over));
    }

    /// Leaves the engine's ports to the engine when nobody asked what arrived.
    pub(super) fn end_listening(&mut self) {
        let now = now();
        self.listening.take_if(|listening| listening.is_over(now));
    }

    /// This node, among those that are asked for.
    fn own_in<'a>(&self, asked: &'a Asked) -> Option<&'a Node> {
        asked.node(self.desired.node()?)
    }

    fn not_asked_for(&self) -> Trouble {
        let own = self.desired.node().map_or("unnamed", NodeName::as_str);
        Trouble(format!(
            "this agent is that of the node `{own}`, which the manifest does not list"
        ))
    }
}
