//! What registries say of images that are pinned or followed, asked by every manager's agent.

use std::collections::{BTreeMap, BTreeSet};
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

/// How many images are asked about at once: some registries are slow, and none shall be flooded.
const AT_ONCE: usize = 8;

/// What is known of images.
#[derive(Default)]
pub(super) struct Images {
    known: BTreeMap<Image, (LookedUp, Instant)>,
    /// Those that registries are being asked about.
    asking: BTreeSet<Image>,
    /// The registries as they were declared when one was asked last.
    registries: Vec<Registry>,
}

/// What a registry said, or why it did not.
pub(in crate::control) type Answer = Result<String, String>;

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

    /// The images to ask about at present, as many as may be.
    fn due(&self, asked: BTreeMap<Image, DigestPolicy>, now: Instant) -> Vec<Image> {
        let is_due = |(image, policy): &(Image, DigestPolicy)| {
            if self.asking.contains(image) {
                return false;
            }
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
        let room = AT_ONCE.saturating_sub(self.asking.len());
        due.map(|(image, _)| image).take(room).collect()
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
        if !self.engine().membership.is_manager() {
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
        let registries = read_registries(&swarm.spec.registries);
        for image in due {
            self.images.asking.insert(image.clone());
            let client = Client::new(&self.docker).with_registries(registries.clone());
            let happenings = self.happenings.clone();
            tokio::spawn(async move {
                let answer = digest(&client, &image).await;
                let answer = answer.map_err(|error| with_causes(&error));
                // The loop only goes away when the agent stops.
                let _stopping = happenings.send(Happening::LookedUp(image, answer)).await;
            });
        }
    }

    /// Takes note of what a registry said; what it said before counts on while it does not tell.
    pub(in crate::control) fn handle_looked_up(
        &mut self,
        image: Image,
        answer: Answer,
        now: Instant,
    ) {
        self.images.asking.remove(&image);
        let known = self.images.known.entry(image);
        let (known, at) = known.or_insert_with(|| (LookedUp::default(), now));
        *at = now;
        match answer {
            Ok(digest) => {
                *known = LookedUp {
                    digest: Some(digest),
                    trouble: None,
                };
            }
            Err(trouble) => known.trouble = Some(trouble),
        }
    }
}
