//! What works, but not as it should.

use std::time::Duration;

use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::{Contested, ForeignAddress, Silence};
use skep_vrrp::time::Instant;

use super::wall_time;
use crate::control::desired::Accepted;
use crate::control::status::observed::{Known, Observed};

/// How long something that is over is told: somebody who is called looks within minutes.
const TOLD: Duration = Duration::from_secs(10 * 60);

/// What the data plane had to bear lately.
pub(super) fn of_data_plane(
    observed: &Observed,
    generation: u64,
    now: Instant,
) -> impl Iterator<Item = Condition> {
    let process = observed.process();
    let looping = process.and_then(|process| process.looping_since);
    let looping = looping.map(|since| {
        let message = "the process that speaks VRRP ended again and again: what it held was \
                       released, and it is started again after longer and longer waits";
        degraded(Reason::DataPlaneEnds, message.to_owned(), since)
    });
    let silence = process.and_then(|process| process.control_silence);
    let silence = silence.filter(|silence| is_told(*silence, now));
    let silence = silence.map(|silence| {
        let until = silence.until.unwrap_or(now);
        let lasted = until.saturating_duration_since(silence.since).as_secs();
        let message =
            format!("control said nothing for {lasted} s; the VIPs carried on with what they knew");
        degraded(Reason::ControlSilent, message, silence.since)
    });
    let restrictions = process.map_or(&[][..], |process| &process.restrictions);
    let late = (!restrictions.is_empty()).then(|| {
        let message = format!("VRRP may be late: {}", restrictions.join("; "));
        degraded(Reason::MayBeLate, message, observed.started())
    });
    looping
        .into_iter()
        .chain(silence)
        .chain(late)
        .map(move |condition| condition(generation, now))
}

/// The addresses of the group that somebody else keeps removing.
pub(super) fn of_group(
    routers: &[Known<'_>],
    observed: &Observed,
    generation: u64,
    now: Instant,
) -> Option<Condition> {
    let is_ours = |contested: &&Contested| {
        let mut held = routers.iter().flat_map(|known| &known.report.holding);
        held.any(|held| held.address == contested.address)
    };
    let contested = observed.process()?.contested.iter().find(is_ours)?;
    let message = format!(
        "{} was removed from {} {} times, last by {}",
        contested.address, contested.interface, contested.times, contested.by
    );
    let condition = degraded(Reason::AddressRemoved, message, contested.last_at);
    Some(condition(generation, now))
}

/// The addresses of the group that somebody else put on this node, which does not hold it.
pub(in crate::control::status) fn of_foreign(
    group: &str,
    accepted: &Accepted,
    foreign: &[ForeignAddress],
    now: Instant,
) -> Option<Condition> {
    let is_ours = |foreign: &&ForeignAddress| {
        let routers = accepted.routers.iter();
        let mut routers = routers.filter(|router| router.key.group == group);
        routers.any(|router| has(router, foreign))
    };
    let ours: Vec<&ForeignAddress> = foreign.iter().filter(is_ours).collect();
    let since = ours.iter().map(|foreign| foreign.since).min()?;
    let prefix = |foreign: &&ForeignAddress| {
        format!(
            "{}/{} is on {}",
            foreign.address, foreign.prefix_length, foreign.interface
        )
    };
    let removal = |foreign: &&ForeignAddress| {
        format!(
            "`ip addr del {}/{} dev {}`",
            foreign.address, foreign.prefix_length, foreign.interface
        )
    };
    let prefixes: Vec<String> = ours.iter().map(prefix).collect();
    let removals: Vec<String> = ours.iter().map(removal).collect();
    Some(Condition {
        // Nothing of skep's ends it.
        condition_type: ConditionType::Stalled,
        status: ConditionStatus::True,
        reason: Reason::ForeignAddress,
        message: format!(
            "{}, where somebody else put it: this node does not hold the group and answers all \
             the same ({})",
            prefixes.join("; "),
            removals.join("; ")
        ),
        last_transition_time: wall_time(since, now),
        observed_generation: accepted.generation,
    })
}

fn has(router: &RouterConfiguration, foreign: &ForeignAddress) -> bool {
    router.addresses.iter().any(|held| {
        let interface = held.interface.as_deref().unwrap_or(&router.interface);
        held.address == foreign.address && interface == foreign.interface
    })
}

fn is_told(silence: Silence, now: Instant) -> bool {
    silence
        .until
        .is_none_or(|until| now.saturating_duration_since(until) < TOLD)
}

fn degraded(
    reason: Reason,
    message: String,
    since: Instant,
) -> impl FnOnce(u64, Instant) -> Condition {
    move |generation, now| Condition {
        condition_type: ConditionType::Degraded,
        status: ConditionStatus::True,
        reason,
        message,
        last_transition_time: wall_time(since, now),
        observed_generation: generation,
    }
}
