//! How a service is reached.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Normal, count, elements, in_order, sorted, texts, word};

/// The networks by name.
pub(in super::super) fn networks(value: &Value, names: &BTreeMap<String, String>) -> Normal {
    sorted(elements(value).iter().map(|attachment| {
        let target = word(attachment, "Target", "");
        let name = names.get(target).map_or(target, String::as_str);
        let aliases = attachment.get("Aliases").into_iter().flat_map(texts);
        let aliases = in_order(aliases.map(str::to_owned));
        if aliases.is_empty() {
            name.to_owned()
        } else {
            format!("{name} as {}", aliases.join(", "))
        }
    }))
}

pub(in super::super) fn mode(value: &Value) -> Normal {
    let mode = value.as_str().filter(|mode| !mode.is_empty());
    Normal::Value(json!(mode.unwrap_or("vip")))
}

/// The ports as the docker command line writes them, in order.
pub(in super::super) fn ports(value: &Value) -> Normal {
    sorted(elements(value).iter().map(|port| {
        let published = match count(port, "PublishedPort", 0) {
            0 => String::new(),
            number => format!("published={number},"),
        };
        format!(
            "{published}target={},protocol={},mode={}",
            count(port, "TargetPort", 0),
            word(port, "Protocol", "tcp"),
            word(port, "PublishMode", "ingress"),
        )
    }))
}
