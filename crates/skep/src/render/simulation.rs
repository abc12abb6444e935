//! A simulated story as a person reads it.

use std::fmt::Write as _;
use std::time::Duration;

use skep_agent::control::status::router::{because, word};
use skep_simulation::happening::{Happening, NodeHappening, Presence};
use skep_simulation::network::Path;
use skep_simulation::record::{Entry, Event, Gone};
use skep_simulation::stage::Stage;
use skep_simulation::story::{Fate, Gap, Story};
use skep_vip::interfaces::Link;
use skep_vip::message::Health;

use crate::render::table::Table;

/// The timeline, then how each address fared.
pub(crate) fn render(stage: &Stage, story: &Story) -> String {
    let mut text = String::new();
    let paths = path_changes(story);
    for (number, entry) in story.entries.iter().enumerate() {
        let told = match &entry.event {
            // All paths change at one moment: once is enough.
            Event::Happened(Happening::Path { path, .. }) => {
                let again =
                    number > 0 && paths[number - 1] && story.entries[number - 1].at == entry.at;
                (!again).then(|| network(*path))
            }
            _ => Some(tell(entry, &story.nodes)),
        };
        if let Some(told) = told {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{:>12}  {told}", seconds(entry.at.since_boot()));
        }
    }
    text.push('\n');
    let mut table = Table::new([
        "VIP GROUP",
        "ADDRESS",
        "HOLDER",
        "FIRST HELD",
        "DARK",
        "LONGEST",
    ]);
    for fate in &story.addresses {
        table.row(row(fate, &story.nodes));
    }
    let _ = write!(text, "{table}");
    if !stage.absent.is_empty() {
        let _ = writeln!(
            text,
            "not simulated: external members {}",
            stage.absent.join(", ")
        );
    }
    let expectations = story.met + story.unmet.len();
    let _ = writeln!(
        text,
        "{} simulated, {} of {expectations} expectations came true",
        seconds(story.length),
        story.met
    );
    text
}

fn path_changes(story: &Story) -> Vec<bool> {
    let is_path = |entry: &Entry| matches!(entry.event, Event::Happened(Happening::Path { .. }));
    story.entries.iter().map(is_path).collect()
}

fn row(fate: &Fate, nodes: &[String]) -> [String; 6] {
    let holders: Vec<&str> = fate
        .holders
        .iter()
        .map(|node| nodes[*node].as_str())
        .collect();
    let longest = fate.gaps.iter().max_by_key(|gap| gap.length());
    let dark: Duration = fate.gaps.iter().map(|gap| gap.length()).sum();
    let since = |gap: &Gap| {
        let (length, from) = (seconds(gap.length()), seconds(gap.from.since_boot()));
        format!("{length} from {from}")
    };
    [
        fate.group.clone(),
        fate.address.to_string(),
        holders.join(", "),
        fate.first_held
            .map_or_else(String::new, |at| seconds(at.since_boot())),
        seconds(dark),
        longest.map_or_else(String::new, since),
    ]
}

fn tell(entry: &Entry, nodes: &[String]) -> String {
    match &entry.event {
        Event::Happened(Happening::Node { node, what }) => {
            format!("{}  {}", nodes[*node], happened(what))
        }
        Event::Happened(Happening::Path { path, .. }) => network(*path),
        Event::Happened(Happening::Replay { key, .. }) => format!("# {key} is replayed"),
        Event::Became {
            node,
            key,
            transition,
        } => format!(
            "{}  {key}: {} -> {}: {}",
            nodes[*node],
            word(transition.from),
            word(transition.to),
            because(&transition.reason)
        ),
        Event::Present(node, address) => format!("{}  has {address}", nodes[*node]),
        Event::Gone(node, address, why) => {
            let why = match why {
                Gone::Removed => "",
                Gone::Taken => ": somebody removed it",
                Gone::Expired => ": its lease ended",
                Gone::PowerCut => ": no power",
            };
            format!("{}  has no more {address}{why}", nodes[*node])
        }
        Event::Stopped(node) => format!("{}  has stopped", nodes[*node]),
        Event::Refused(node, why) => format!("{}  refuses its configuration: {why}", nodes[*node]),
        Event::Sent(node, id, priority) => {
            format!("{}  sends id {id} priority {priority}", nodes[*node])
        }
        Event::Heard(node, id, priority) => {
            format!("{}  hears id {id} priority {priority}", nodes[*node])
        }
    }
}

fn happened(what: &NodeHappening) -> String {
    match what {
        NodeHappening::PowerCut => "# the power is cut".to_owned(),
        NodeHappening::Start => "# starts".to_owned(),
        NodeHappening::Kill => "# all of its agent is killed".to_owned(),
        NodeHappening::Crash => "# its data plane ends".to_owned(),
        NodeHappening::Lapse => "# its leases end".to_owned(),
        NodeHappening::Freeze => "# its agent stands still".to_owned(),
        NodeHappening::Thaw => "# its agent goes on".to_owned(),
        NodeHappening::Stop => "# its agent is told to stop".to_owned(),
        NodeHappening::Link(interface, link) => {
            let link = match link {
                Link::Up => "up",
                Link::Down => "down",
                Link::Missing => "missing",
            };
            format!("# {interface} is {link}")
        }
        NodeHappening::Sources(interface, presence) => match presence {
            Presence::Present => format!("# {interface} has its address again"),
            Presence::Absent => format!("# {interface} loses its address"),
        },
        NodeHappening::Input(name, health) => {
            let health = match health {
                Health::Unknown => "is unknown",
                Health::Passing => "passes",
                Health::Failing => "fails",
            };
            format!("# {name} {health}")
        }
        NodeHappening::Commit(_) => "# gets another configuration".to_owned(),
        NodeHappening::Remove(interface, address) => {
            format!("# somebody removes {address} from {interface}")
        }
        NodeHappening::Hand(pace) => {
            format!(
                "# its kernel takes up to {} for a change",
                seconds(pace.most())
            )
        }
    }
}

fn network(path: Path) -> String {
    if path.cut {
        "# the network falls apart".to_owned()
    } else if path.loss_permille > 0 {
        format!("# the network loses {} %", path.loss_permille / 10)
    } else {
        "# the network is whole".to_owned()
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}s", time.as_secs(), time.subsec_millis())
}
