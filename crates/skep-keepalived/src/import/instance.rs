//! `vrrp_instance`.

use std::net::IpAddr;

use skep_manifest::duration::Interval;
use skep_manifest::problem::Severity;
use skep_manifest::value_source::{AbsolutePath, ValueSource};
use skep_manifest::vip_group::authentication::{
    Authentication, HmacAuthentication, HmacKey, HmacMode, Replay, SimpleAuthentication,
};

use super::model::{Announced, At, Instance, Told};
use super::scribe::{Reading, Scribe};
use super::{entry, globals};
use crate::keyword::{AUTHENTICATION, HMAC, INSTANCE};
use crate::language::{Statement, Word};

const PATH: &str = "vrrp_instance";
/// RFC 2338 §10.2: the bytes that a password has in a packet.
const PASSWORD_BYTES_MAX: usize = 8;

pub(super) fn read(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<Instance> {
    let name = scribe.value(statement)?;
    let mut instance = empty(At::new(name.text.clone(), statement.keyword.span));
    scribe.block(
        PATH,
        INSTANCE,
        statement.entries(),
        &mut |scribe, statement| {
            read_list(statement, &mut instance, scribe)
                .unwrap_or_else(|| read_value(statement, &mut instance, scribe))
        },
    );
    if let Some(state) = statement
        .entries()
        .iter()
        .find(|one| one.keyword.text == "state")
    {
        let wish = state.words.first().map(|word| word.text.as_str());
        instance.is_master = Some(At::new(wish == Some("MASTER"), state.keyword.span));
        if !matches!(wish, Some("MASTER" | "BACKUP")) {
            scribe
                .warning("invalid-value", state.keyword.span)
                .says("`state` is MASTER or BACKUP, in capitals")
                .help("keepalived takes BACKUP; in skep the priority decides");
        }
    }
    Ok(instance)
}

fn empty(name: At<String>) -> Instance {
    Instance {
        name,
        is_master: None,
        interface: None,
        version: None,
        virtual_router_id: None,
        priority: None,
        interval: None,
        authentication: None,
        addresses: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        accept: None,
        preempt: None,
        preempt_delay: None,
        ignores_interface: None,
        tracks: Vec::new(),
        source: None,
        multicast: None,
        peers: None,
        minimum_ttl: None,
        checksum_as_v2: None,
        announced: Announced::default(),
        virtual_mac: None,
        told: Told::default(),
    }
}

/// Reads what has a list or a block; nothing when `statement` has none.
fn read_list(
    statement: &Statement,
    instance: &mut Instance,
    scribe: &mut Scribe<'_>,
) -> Option<Reading<()>> {
    let entries = statement.entries();
    let keyword = statement.keyword.text.as_str();
    let path = format!("{PATH}/{keyword}");
    match keyword {
        "virtual_ipaddress" | "virtual_ipaddress_excluded" => {
            let is_excluded = keyword == "virtual_ipaddress_excluded";
            let addresses = &mut instance.addresses;
            scribe.list(&path, "addresses", entries, &mut |scribe, one, path| {
                let mut held = entry::address(one, path, scribe)?;
                held.value.is_excluded = is_excluded;
                addresses.push(held);
                Ok(())
            });
        }
        "virtual_routes" => {
            let routes = &mut instance.routes;
            scribe.list(&path, "routes", entries, &mut |scribe, one, path| {
                routes.push(entry::route(one, path, scribe)?);
                Ok(())
            });
        }
        "virtual_rules" => {
            let rules = &mut instance.rules;
            scribe.list(&path, "rules", entries, &mut |scribe, one, path| {
                rules.push(entry::rule(one, path, scribe)?);
                Ok(())
            });
        }
        "track_file" | "track_interface" | "track_script" | "track_process" => {
            entry::tracks(PATH, statement, &mut instance.tracks, scribe);
        }
        "unicast_peer" => return Some(peers(statement, instance, scribe)),
        "authentication" => return Some(authentication(statement, instance, scribe)),
        "auth_hmac" => return Some(hmac(statement, instance, scribe)),
        _ => return None,
    }
    Some(Ok(()))
}

fn read_value(
    statement: &Statement,
    instance: &mut Instance,
    scribe: &mut Scribe<'_>,
) -> Reading<()> {
    let span = statement.keyword.span;
    match statement.keyword.text.as_str() {
        "interface" => instance.interface = Some(scribe.parsed(statement, "an interface")?),
        "version" => instance.version = Some(entry::version(statement, scribe)?),
        "virtual_router_id" => {
            let id = scribe.byte(statement, 1..=255)?;
            let number = id
                .value
                .to_string()
                .parse()
                .map_err(|_| id.value.to_string())?;
            instance.virtual_router_id = Some(At::new(number, id.span));
        }
        "priority" => instance.priority = Some(scribe.byte(statement, 1..=255)?),
        "advert_int" => instance.interval = Some(scribe.seconds(statement)?),
        "accept" => instance.accept = Some(At::new(true, span)),
        "no_accept" => instance.accept = Some(At::new(false, span)),
        "nopreempt" => instance.preempt = Some(At::new(false, span)),
        "preempt" => instance.preempt = Some(At::new(true, span)),
        "preempt_delay" => instance.preempt_delay = Some(scribe.duration(statement)?),
        "dont_track_primary" => instance.ignores_interface = Some(At::new((), span)),
        "mcast_src_ip" | "unicast_src_ip" => {
            instance.source = Some(scribe.parsed(statement, "an address")?);
        }
        "mcast_dst_ip" => instance.multicast = Some(scribe.parsed(statement, "an address")?),
        "v3_checksum_as_v2" => instance.checksum_as_v2 = Some(scribe.truth(statement)?),
        "use_vmac" => instance.virtual_mac = Some(At::new((), span)),
        keyword if keyword.starts_with("garp") => {
            globals::announced(keyword, statement, &mut instance.announced, scribe)?;
        }
        _ => entry::told(statement, &mut instance.told, scribe)?,
    }
    Ok(())
}

fn peers(statement: &Statement, instance: &mut Instance, scribe: &mut Scribe<'_>) -> Reading<()> {
    let mut peers = Vec::new();
    let mut ttls: Vec<At<u8>> = Vec::new();
    let path = "vrrp_instance/unicast_peer";
    scribe.list(
        path,
        "transport.unicast",
        statement.entries(),
        &mut |scribe, one, _| {
            let peer: IpAddr = scribe.parse(&one.keyword, "an address")?;
            peers.push(At::new(peer, one.keyword.span));
            let mut minimum_ttl = 0;
            let mut words = one.words.iter();
            while let Some(word) = words.next() {
                match (word.text.as_str(), words.next()) {
                    ("min_ttl", Some(least)) => {
                        minimum_ttl = scribe.parse(least, "a TTL")?;
                    }
                    ("max_ttl", Some(most)) => scribe
                        .note("not-expressible", most.span)
                        .says("a manifest bounds the TTL of a peer from below only")
                        .help("`minimumTtl`")
                        .done(),
                    _ => scribe.extra(&one.keyword, word),
                }
            }
            ttls.push(At::new(minimum_ttl, one.keyword.span));
            Ok(())
        },
    );
    instance.minimum_ttl = common_ttl(&ttls, scribe).filter(|least| *least > 0);
    instance.peers = Some(At::new(peers, statement.keyword.span));
    Ok(())
}

/// The TTL that every peer has at least: a group has one.
fn common_ttl(ttls: &[At<u8>], scribe: &mut Scribe<'_>) -> Option<u8> {
    let least = ttls.iter().map(|ttl| ttl.value).min()?;
    if let Some(more) = ttls.iter().find(|ttl| ttl.value > least) {
        scribe
            .warning("min-ttl-differs", more.span)
            .says(format!(
                "`min_ttl {}` is not that of every peer",
                more.value
            ))
            .help(format!("a group has one: the least is taken over, {least}"));
    }
    Some(least)
}

fn authentication(
    statement: &Statement,
    instance: &mut Instance,
    scribe: &mut Scribe<'_>,
) -> Reading<()> {
    let mut kind = None;
    let mut password = None;
    let path = "vrrp_instance/authentication";
    scribe.block(
        path,
        AUTHENTICATION,
        statement.entries(),
        &mut |scribe, one| {
            let word = scribe.value(one)?;
            if one.keyword.text == "auth_type" {
                kind = Some(word.clone());
            } else {
                password = Some(as_sent(word, scribe));
            }
            Ok(())
        },
    );
    let kind = kind.ok_or_else(|| missing("auth_type", statement, scribe))?;
    if kind.text != "PASS" {
        scribe
            .error("not-expressible", kind.span)
            .says(format!("authentication `{}` is not taken over", kind.text))
            .help("use `hmac`; no standard has had AH for VRRP since 2004");
        return Err("skep has no IPsec authentication".to_owned());
    }
    let password = password.ok_or_else(|| missing("auth_pass", statement, scribe))?;
    let simple = SimpleAuthentication {
        password: ValueSource::Value(password),
    };
    instance.authentication = Some(At::new(
        Authentication::Simple(simple),
        statement.keyword.span,
    ));
    Ok(())
}

fn missing(keyword: &str, statement: &Statement, scribe: &mut Scribe<'_>) -> String {
    scribe
        .error("missing-value", statement.keyword.span)
        .says(format!("`{}` has no `{keyword}`", statement.keyword.text))
        .help("add it; keepalived ignores the whole block");
    format!("it has no `{keyword}`")
}

/// The password as it is on the wire.
fn as_sent(word: &Word, scribe: &mut Scribe<'_>) -> String {
    let mut end = word.text.len().min(PASSWORD_BYTES_MAX);
    while !word.text.is_char_boundary(end) {
        end -= 1;
    }
    let sent = &word.text[..end];
    if word.text.starts_with('\'') {
        scribe
            .warning("quote-in-password", word.span)
            .says("keepalived takes `'` for a part of the password")
            .help("only `\"` encloses a word; it is taken over as it is on the wire");
    }
    if sent.len() < word.text.len() {
        scribe
            .texts
            .report(Severity::Warning, "password-truncated", word.span)
            .says(format!(
                "the password has {} bytes, {end} of them are sent",
                word.text.len()
            ))
            .help(format!("it is taken over as it is on the wire: `{sent}`"));
    }
    sent.to_owned()
}

fn hmac(statement: &Statement, instance: &mut Instance, scribe: &mut Scribe<'_>) -> Reading<()> {
    let mut hmac = HmacAuthentication {
        keys: Vec::new(),
        active_key: 0,
        mode: HmacMode::default(),
        replay: Replay::default(),
        window: Interval::from_secs(5),
    };
    scribe.block(
        "vrrp_instance/auth_hmac",
        HMAC,
        statement.entries(),
        &mut |scribe, one| {
            match one.keyword.text.as_str() {
                "key" => {
                    let key = hmac_key(one, scribe)?;
                    hmac.keys.push(key);
                }
                "active_key" => hmac.active_key = scribe.byte(one, 1..=255)?.value,
                "time_window" => {
                    let seconds = scribe.number(one, 1..=300)?;
                    hmac.window = Interval::from_secs(seconds.value);
                }
                "anti_replay" => {
                    let replays = [("time", Replay::Time), ("monotonic", Replay::Monotonic)];
                    hmac.replay = one_of(&replays, one, scribe)?;
                }
                _ => {
                    let modes = [
                        ("enforce", HmacMode::Enforce),
                        ("permissive", HmacMode::Permissive),
                        ("receive-only", HmacMode::ReceiveOnly),
                    ];
                    hmac.mode = one_of(&modes, one, scribe)?;
                }
            }
            Ok(())
        },
    );
    let first = hmac.keys.first().map(|key| key.id);
    let first = first.ok_or_else(|| missing("key", statement, scribe))?;
    if hmac.active_key == 0 {
        hmac.active_key = first;
    }
    instance.authentication = Some(At::new(Authentication::Hmac(hmac), statement.keyword.span));
    Ok(())
}

/// What the one value of `statement` stands for.
fn one_of<T: Copy>(
    known: &[(&str, T)],
    statement: &Statement,
    scribe: &mut Scribe<'_>,
) -> Reading<T> {
    let word = scribe.value(statement)?;
    let found = known.iter().find(|(name, _)| *name == word.text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        scribe
            .error("invalid-value", word.span)
            .says(format!(
                "`{}` is no `{}`",
                word.text, statement.keyword.text
            ))
            .help(format!("one of {}", names.join(", ")));
        "what it says is wrong".to_owned()
    })
}

/// `key 1 hex:00ff`, `key 1 file:/etc/vrrp.key` or `key 1 text`.
fn hmac_key(statement: &Statement, scribe: &mut Scribe<'_>) -> Reading<HmacKey> {
    let [id, key, ..] = statement.words.as_slice() else {
        return Err(missing("key", statement, scribe));
    };
    let id: u8 = scribe.parse(id, "the id of a key")?;
    if let Some(digits) = key.text.strip_prefix("hex:")
        && (digits.len() % 2 == 1 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    {
        scribe
            .error("invalid-value", key.span)
            .says("the key is no even number of hexadecimal digits")
            .help("correct it, the same on all nodes");
        return Err("what it says is wrong".to_owned());
    }
    let source = match key.text.strip_prefix("file:") {
        Some(path) => {
            let path = Word {
                text: path.to_owned(),
                span: key.span,
            };
            ValueSource::FromNodeFile(scribe.parse::<AbsolutePath>(&path, "a path")?)
        }
        None => ValueSource::Value(key.text.clone()),
    };
    Ok(HmacKey { id, key: source })
}
