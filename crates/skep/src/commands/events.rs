//! `skep events`.

mod about;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use skep_api::call::CallError;
use skep_api::client::Client;
use skep_api::event::{Event, Events, Marks};
use skep_api::path;
use skep_manifest::duration::Interval;
use tokio::time::sleep;

use crate::commands::events::about::About;
use crate::commands::{Format, runtime};
use crate::exit::Exit;
use crate::{output, render};

/// How often the agents are asked while somebody follows.
const ASK: Duration = Duration::from_millis(500);

/// Show what happened on all nodes: transitions, what goes wrong and is over, actions, generations.
///
/// Each agent remembers its last thousand events since it started. With --watch it goes on until it
/// is interrupted, also when an agent is away for a while. Ends with 2 when no agent answers.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what is about this: KIND, KIND NAME or KIND/NAME, such as vip/ingress.
    #[arg(num_args = 0..=2, value_name = "KIND NAME")]
    about: Vec<String>,
    /// Only what happened within this time.
    #[arg(long, value_name = "DURATION")]
    since: Option<Interval>,
    /// Go on with what happens from here on.
    #[arg(short, long)]
    watch: bool,
    /// How to print it; JSON has one event on each line.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let reader = Reader {
        client: Client::new(socket),
        about: About::parse(&arguments.about)?,
        arguments,
        marks: Marks::new(),
        latest: BTreeMap::new(),
        silent: BTreeMap::new(),
    };
    runtime()?.block_on(reader.run())
}

/// All that happened and is remembered, as the agent behind `client` learns it.
pub(super) async fn all(client: &Client) -> Result<Vec<Event>, CallError> {
    let events: Events = client.post(path::EVENTS, &Marks::new()).await?;
    Ok(events.events)
}

/// Reads what happened, and remembers no more than how far it is.
struct Reader<'a> {
    client: Client,
    about: Option<About>,
    arguments: &'a Arguments,
    marks: Marks,
    /// The time of the last event of each node: an agent that starts again tells some once more.
    latest: BTreeMap<String, String>,
    silent: BTreeMap<String, String>,
}

impl Reader<'_> {
    async fn run(mut self) -> anyhow::Result<Exit> {
        let mut is_first = true;
        let mut is_away = false;
        loop {
            let answer = self.client.post(path::EVENTS, &self.marks).await;
            match answer {
                Ok(events) => {
                    is_away = false;
                    self.tell(events, is_first)?;
                    is_first = false;
                }
                // What was read is known: it goes on from there when the agent is back.
                Err(error) if !is_first => {
                    if !is_away {
                        output::tell(&format!("{error}: waiting for it"));
                    }
                    is_away = true;
                }
                Err(error) => return Err(error.into()),
            }
            if !self.arguments.watch {
                return Ok(Exit::Success);
            }
            // What happens can only be asked.
            sleep(ASK).await;
        }
    }

    fn tell(&mut self, told: Events, is_first: bool) -> anyhow::Result<()> {
        let Events {
            mut events,
            marks,
            silent,
        } = told;
        let restarted = |node: &String| {
            let known = self.marks.get(node).map(|mark| mark.life);
            known.is_some() && known != marks.get(node).map(|mark| mark.life)
        };
        events.retain(|event| {
            let latest = self.latest.get(&event.node);
            !restarted(&event.node) || latest.is_none_or(|latest| event.at > *latest)
        });
        for event in &events {
            self.latest.insert(event.node.clone(), event.at.clone());
        }
        self.marks.extend(marks);
        self.tell_silent(silent);
        let since = self.arguments.since.filter(|_| is_first);
        let since = since.map(|since| since.time().as_millis());
        for event in events {
            let about = self.about.as_ref();
            let is_wanted = about.is_none_or(|about| about.holds(&event))
                && since.is_none_or(|since| u128::from(event.age_ms) <= since);
            if is_wanted {
                self.print(&event)?;
            }
        }
        Ok(())
    }

    fn print(&self, event: &Event) -> anyhow::Result<()> {
        match self.arguments.output {
            Format::Text => output::print(&render::events::line(event)),
            Format::Json => output::print(&format!("{}\n", serde_json::to_string(event)?)),
        }
    }

    fn tell_silent(&mut self, silent: BTreeMap<String, String>) {
        for (node, why) in &silent {
            if !self.silent.contains_key(node) {
                output::tell(&format!("{node} tells nothing: {why}"));
            }
        }
        for node in self
            .silent
            .keys()
            .filter(|node| !silent.contains_key(*node))
        {
            output::tell(&format!("{node} tells again"));
        }
        self.silent = silent;
    }
}
