//! Where the fields of a group were said.

use skep_manifest::span::Span;

use super::super::model::At;
use super::Part;
use super::part::held;

fn at<T>(said: &Option<At<T>>) -> Option<Span> {
    said.as_ref().map(|said| said.span)
}

fn all<T>(said: &[At<T>]) -> Vec<Span> {
    said.iter().map(|said| said.span).collect()
}

/// The places, by the pointers to the fields.
pub(super) fn places(part: &Part<'_>) -> Vec<(String, Span)> {
    let Part { node, instance } = part;
    let globals = &node.globals;
    let (own, usual) = (&instance.announced, &globals.announced);
    let fields = [
        ("/metadata/name", Some(instance.name.span)),
        ("/spec/virtualRouterId", at(&instance.virtual_router_id)),
        (
            "/spec/version",
            at(&instance.version).or(at(&globals.version)),
        ),
        ("/spec/interface", at(&instance.interface)),
        ("/spec/trackInterface", at(&instance.ignores_interface)),
        ("/spec/advertisementInterval", at(&instance.interval)),
        ("/spec/authentication", at(&instance.authentication)),
        (
            "/spec/checksum",
            at(&instance.checksum_as_v2).or(at(&globals.checksum_as_v2)),
        ),
        ("/spec/preemption/enabled", at(&instance.preempt)),
        ("/spec/preemption/delay", at(&instance.preempt_delay)),
        ("/spec/start/delay", at(&globals.start_delay)),
        (
            "/spec/announcements/count",
            at(&own.count).or(at(&usual.count)),
        ),
        (
            "/spec/announcements/repeatAfter",
            at(&own.repeat_after).or(at(&usual.repeat_after)),
        ),
        (
            "/spec/announcements/refresh",
            at(&own.refresh).or(at(&usual.refresh)),
        ),
        (
            "/spec/announcements/refreshCount",
            at(&own.refresh_count).or(at(&usual.refresh_count)),
        ),
        (
            "/spec/transport",
            at(&instance.peers).or(at(&instance.multicast)),
        ),
        ("/spec/virtualMac", at(&instance.virtual_mac)),
        ("/spec/accept", at(&instance.accept)),
    ];
    let written = fields
        .into_iter()
        .filter_map(|(pointer, span)| Some((pointer.to_owned(), span?)));
    let lists = [
        ("addresses", held(instance).map(|one| one.span).collect()),
        ("routes", all(&instance.routes)),
        ("rules", all(&instance.rules)),
        ("tracking", all(&instance.tracks)),
    ];
    let entries = lists.into_iter().flat_map(|(list, spans)| {
        let place = move |(at, span)| (format!("/spec/{list}/{at}"), span);
        spans.into_iter().enumerate().map(place)
    });
    written.chain(entries).collect()
}
