//! Trying whether nodes can work together: as the agent that is asked, and as one of the nodes.

use futures_util::future::OptionFuture;
use skep_api::preflight::{Request, Round, Token};
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Node;
use skep_plan::preflight::{Arrived, Asked, Facts, Knock, Verdict};
use skep_swarm::engine::Client;
use skep_vip::message::trial::{Stage, TrialReport};

use crate::control::now;
use crate::control::preflight::listening::Listening;
use crate::control::preflight::trial::Trial;
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
        let trial = Trial::new(&token, &own.name, asked.lanes(&own.name, &self.site));
        let begun = self.carry_on(&trial, Stage::Listening);
        let ways = asked.engine_ways(&own);
        let (listening, taken) = Listening::open(token, ways, trial, now());
        let (engine, docker) = (cluster.engine(), self.options.cluster.docker.clone());
        self.listening = Some(listening);
        tokio::spawn(async move {
            let client = Client::new(&docker);
            let facts = facts::look(&client, engine, &asked, &own, taken);
            // Nobody sends before it listens; whether it does is told in the end.
            let (facts, _begun) = tokio::join!(facts, begun);
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
        let listening = self.listening.as_ref();
        let listening = listening.filter(|listening| listening.is_for(&round.token));
        let sent = listening.map(|listening| self.carry_on(listening.trial(), Stage::Sent));
        tokio::spawn(async move {
            let knocks = knocking::knock(&client, &own, &round);
            let (knocks, _sent) = tokio::join!(knocks, OptionFuture::from(sent));
            answer(to, Ok(knocks));
        });
    }

    /// Ends listening and says what arrived.
    pub(super) fn answer_heard(&mut self, token: &Token, to: Answer<Arrived>) {
        let ours = self.listening.take_if(|listening| listening.is_for(token));
        let Some(listening) = ours else {
            let over = "this agent does not listen any more".to_owned();
            return answer(to, Err(Trouble(over)));
        };
        let ended = self.carry_on(listening.trial(), Stage::Ended);
        tokio::spawn(async move {
            let tried = ended.await;
            answer(to, Ok(listening.end(tried)));
        });
    }

    /// Lets the data plane go on with `trial` to `stage`; what it says when it is there.
    fn carry_on(
        &self,
        trial: &Trial,
        stage: Stage,
    ) -> impl Future<Output = Option<TrialReport>> + use<> {
        if let Some(command) = trial.command(stage) {
            self.send(&command);
        }
        trial.reached(stage, self.tried.subscribe())
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
