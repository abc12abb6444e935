//! The nodes of a lab.

use std::path::PathBuf;

use skep_lab::Segment;
use skep_lab::agent::AgentMode;
use skep_lab::cluster::Engines;

use crate::render::table::Table;

/// What is to be seen of a lab.
pub(crate) struct LabView {
    pub(crate) name: String,
    pub(crate) engines: Engines,
    pub(crate) agents: AgentMode,
    pub(crate) nodes: Vec<NodeView>,
    /// How to call this program.
    pub(crate) program: String,
}

/// What is to be seen of a node.
pub(crate) struct NodeView {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) has_power: bool,
    pub(crate) segment: Segment,
    pub(crate) engine_answers: bool,
    pub(crate) agent: AgentView,
    pub(crate) socket: PathBuf,
}

/// What an agent says.
pub(crate) enum AgentView {
    Silent,
    Answers { holds: Vec<String> },
}

/// A headline, a line per node, and how to ask an agent that may answer.
pub(crate) fn render(view: &LabView) -> String {
    let mut text = headline(view);
    let mut table = Table::new([
        "NODE", "ADDRESS", "POWER", "CABLE", "ENGINE", "AGENT", "HOLDS",
    ]);
    for node in &view.nodes {
        let (agent, holds) = match &node.agent {
            AgentView::Silent => ("silent", String::new()),
            AgentView::Answers { holds } => ("answers", holds.join(", ")),
        };
        table.row([
            node.name.clone(),
            node.address.clone(),
            if node.has_power { "on" } else { "off" }.to_owned(),
            cable(node.segment).to_owned(),
            engine(view.engines, node.engine_answers).to_owned(),
            agent.to_owned(),
            holds,
        ]);
    }
    text.push_str(&table.to_string());
    let on = view.nodes.iter().find(|node| node.has_power);
    if let Some(node) = on {
        let socket = node.socket.display();
        text.push_str(&format!(
            "ask an agent: {} --socket {socket} status\n",
            view.program
        ));
    }
    text
}

fn headline(view: &LabView) -> String {
    let nodes = match view.nodes.len() {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    };
    let engines = match view.engines {
        Engines::Docker => "Docker engines",
        Engines::None => "no engines",
    };
    let agents = match view.agents {
        AgentMode::Standalone => "standalone agents",
        AgentMode::Clustered => "clustered agents",
    };
    format!("lab {}  {nodes}, {engines}, {agents}\n", view.name)
}

const fn cable(segment: Segment) -> &'static str {
    match segment {
        Segment::Common => "in",
        Segment::Partitioned => "apart",
        Segment::Unplugged => "out",
    }
}

const fn engine(engines: Engines, answers: bool) -> &'static str {
    match (engines, answers) {
        (Engines::None, _) => "",
        (Engines::Docker, true) => "answers",
        (Engines::Docker, false) => "silent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, has_power: bool, segment: Segment, agent: AgentView) -> NodeView {
        NodeView {
            name: name.to_owned(),
            address: "10.0.0.60/24".to_owned(),
            has_power,
            segment,
            engine_answers: has_power,
            agent,
            socket: PathBuf::from(format!("/disk/{name}/agent.sock")),
        }
    }

    #[test]
    fn what_is_cut_off_is_seen() {
        let holds = vec!["10.0.0.70".to_owned()];
        let view = LabView {
            name: "cube".to_owned(),
            engines: Engines::Docker,
            agents: AgentMode::Clustered,
            nodes: vec![
                node("cube01", false, Segment::Unplugged, AgentView::Silent),
                node(
                    "cube02",
                    true,
                    Segment::Common,
                    AgentView::Answers { holds },
                ),
                node("cube03", true, Segment::Partitioned, AgentView::Silent),
            ],
            program: "skep".to_owned(),
        };
        assert_eq!(
            render(&view),
            "lab cube  3 nodes, Docker engines, clustered agents\n\
             NODE    ADDRESS       POWER  CABLE  ENGINE   AGENT    HOLDS\n\
             cube01  10.0.0.60/24  off    out    silent   silent   -\n\
             cube02  10.0.0.60/24  on     in     answers  answers  10.0.0.70\n\
             cube03  10.0.0.60/24  on     apart  answers  silent   -\n\
             ask an agent: skep --socket /disk/cube02/agent.sock status\n"
        );
    }
}
