//! What registries say of images that are pinned or followed, asked by every manager's agent.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_manifest::service::image::{DigestPolicy, Image};
use skep_manifest::swarm::Registry;
use skep_plan::images::asked;
use skep_plan::observed::{LookedUp, Observed};
use skep_swarm::engine::Client;
use skep_swarm::images::digest;
use skep_vrrp::time::Instant;

use crate::control::cluster::apply::read_registries;
use crate::control::cluster::{Cluster, Happening};
use crate::control::desired::Accepted;
use crate::control::understand::with_causes;

/// How often an image is looked up that is followed. A public registry counts every look.
const FOLLOWED_EVERY: Duration = Duration::from_secs(300);
/// After what time a registry is asked again that did not tell.
const TRIED_EVERY: Duration = Duration::from_secs(10);

/// What is known of images.
#[derive(Default)]
pub(super) struct Images {
    known: BTreeMap<Image, (LookedUp, Instant)>,
    /// Whether registries are being asked.
    is_asking: bool,
    /// The registries as they were declared when one was asked last.
    registries: Vec<Registry>,
}

/// What registries said, or why they did not.
pub(in crate::control) type Answers = Vec<(Image, Result<String, String>)>;

impl Images {
    /// What registries said last.
    pub(super) fn looked_up(&self) -> BTreeMap<Image, LookedUp> {
        let known = self.known.iter();
        known
            .map(|(image, (looked_up, _))| (image.clone(), looked_up.clone()))
            .collect()
    }

    /// Forgets the troubles there were with other credentials: they are tried at once.
    fn handle_registries(&mut self, registries: &[Registry]) {
        if self.registries != registries {
            self.registries = registries.to_vec();
            self.known
                .retain(|_, (looked_up, _)| looked_up.trouble.is_none());
        }
    }

    /// The images to ask about at present.
    fn due(&self, asked: BTreeMap<Image, DigestPolicy>, now: Instant) -> Vec<Image> {
        let is_due = |(image, policy): &(Image, DigestPolicy)| {
            let Some((looked_up, at)) = self.known.get(image) else {
                return true;
            };
            let pause = match (&looked_up.trouble, policy) {
                (Some(_), _) => TRIED_EVERY,
                (None, DigestPolicy::Follow) => FOLLOWED_EVERY,
                (None, DigestPolicy::Pin | DigestPolicy::Ignore) => return false,
            };
            now.saturating_duration_since(*at) >= pause
        };
        let due = asked.into_iter().filter(is_due);
        due.map(|(image, _)| image).collect()
    }
}

impl Cluster {
    /// Asks registries for what a plan needs to know, when this node's engine manages.
    pub(super) fn look_up_images(
        &mut self,
        accepted: &Accepted,
        observed: &Observed,
        now: Instant,
    ) {
        let (Some(swarm), Some(cluster)) = (&accepted.desired.swarm, &observed.cluster) else {
            return;
        };
        if self.images.is_asking || !self.engine().membership.is_manager() {
            return;
        }
        self.images.handle_registries(&swarm.spec.registries);
        let asked = asked(&accepted.desired, cluster);
        self.images
            .known
            .retain(|image, _| asked.contains_key(image));
        let due = self.images.due(asked, now);
        if due.is_empty() {
            return;
        }
        self.images.is_asking = true;
        let registries = read_registries(&swarm.spec.registries);
        let client = Client::new(&self.docker).with_registries(registries);
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            let mut answers = Answers::new();
            for image in due {
                let answer = digest(&client, &image).await;
                answers.push((image, answer.map_err(|error| with_causes(&error))));
            }
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::LookedUp(answers)).await;
        });
    }

    /// Takes note of what registries said; what one said before counts on while it does not tell.
    pub(in crate::control) fn handle_looked_up(&mut self, answers: Answers, now: Instant) {
        self.images.is_asking = false;
        for (image, answer) in answers {
            let known = self.images.known.entry(image).or_insert_with(|| {
                let nothing = LookedUp::default();
                (nothing, now)
            });
            known.1 = now;
            match answer {
                Ok(digest) => {
                    known.0 = LookedUp {
                        digest: Some(digest),
                        trouble: None,
                    };
                }
                Err(trouble) => known.0.trouble = Some(trouble),
            }
        }
    }
}
