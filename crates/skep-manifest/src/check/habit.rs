//! What people write who come from keepalived, compose files or Kubernetes, and its place here.

mod foreign;

use super::hint::Elsewhere;
use crate::compose::shell_words::shell_words;
use foreign::{FIELDS, VALUES};

/// The field that does what others call `name`, and how; nothing where there is none.
pub(super) fn field(name: &str, names: &[&str]) -> Option<Elsewhere> {
    let mut known = FIELDS.iter().filter(|(theirs, ..)| *theirs == name);
    let (_, ours, help) = known.find(|(_, ours, _)| names.contains(ours))?;
    Some(Elsewhere {
        below: vec![(*ours).to_owned()],
        help: (*help).to_owned(),
    })
}

/// The allowed word for what others call `word`.
pub(super) fn value<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let mut known = VALUES
        .iter()
        .filter(|(theirs, _)| theirs.eq_ignore_ascii_case(word));
    known.find_map(|(_, ours)| allowed.iter().find(|it| *it == ours).copied())
}

/// An entry of the list `key` in the short form of a compose file, as the map that says the same.
pub(super) fn entry(key: &str, text: &str) -> Option<String> {
    match key {
        "ports" => {
            let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let (published, target) = ports.split_once(':')?;
            let is_port = |port: &str| port.parse::<u16>().is_ok();
            let sound = is_port(published) && is_port(target) && ["tcp", "udp"].contains(&protocol);
            let protocol = if protocol == "udp" {
                ", protocol: udp"
            } else {
                ""
            };
            sound.then(|| format!("{{published: {published}, target: {target}{protocol}}}"))
        }
        "mounts" => {
            let mut parts = text.split(':').filter(|part| is_plain(part));
            let (source, target) = (parts.next()?, parts.next()?);
            let options = match parts.next() {
                None => "",
                Some("ro") => ", readOnly: true",
                Some(_) => return None,
            };
            let source = if source.starts_with('/') {
                format!("bind: {{source: {source}}}")
            } else {
                format!("volume: {{name: {source}}}")
            };
            Some(format!("{{{source}, target: {target}{options}}}"))
        }
        _ => None,
    }
}

/// A command line under a key that wants a list of words, as that list.
pub(super) fn words(key: &str, text: &str) -> Option<String> {
    if !["argv", "command", "args", "test"].contains(&key) {
        return None;
    }
    let quoted = |word: String| {
        if is_plain(&word) {
            word
        } else {
            format!("{word:?}")
        }
    };
    let words: Vec<String> = shell_words(text)?.into_iter().map(quoted).collect();
    Some(format!("[{}]", words.join(", ")))
}

/// Whether a text is two ports with what others take for a range between them.
pub(super) fn is_port_range(text: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    text.split_once('-')
        .is_some_and(|(from, to)| is_port(from) && is_port(to))
}

/// Whether a text stays one without quotes, also between brackets.
fn is_plain(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=".contains(&byte);
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    begins
        && text.bytes().all(allowed)
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;
    use crate::schema::kind_schema;

    #[test]
    fn every_habit_leads_to_a_field_that_there_is() {
        let schemas: Vec<String> = Kind::ALL.map(|kind| kind_schema(kind).to_string()).into();
        for (theirs, ours, _) in FIELDS {
            let is_field = |schema: &String| schema.contains(&format!("\"{ours}\":{{"));
            assert!(schemas.iter().any(is_field), "{theirs}: {ours}");
        }
    }

    #[test]
    fn the_short_forms_of_compose_files_are_written_out() {
        for (key, text, map) in [
            ("ports", "80:8080", Some("{published: 80, target: 8080}")),
            (
                "ports",
                "53:53/udp",
                Some("{published: 53, target: 53, protocol: udp}"),
            ),
            ("ports", "8000-8010:80", None),
            (
                "mounts",
                "/srv:/data:ro",
                Some("{bind: {source: /srv}, target: /data, readOnly: true}"),
            ),
            (
                "mounts",
                "data:/data",
                Some("{volume: {name: data}, target: /data}"),
            ),
            ("mounts", "/srv:/data:z", None),
            ("networks", "a:b", None),
        ] {
            assert_eq!(entry(key, text).as_deref(), map, "{text}");
        }
    }

    #[test]
    fn a_command_line_becomes_its_words() {
        let line = "nginx -g \"daemon off;\"";
        let list = r#"[nginx, "-g", "daemon off;"]"#;
        assert_eq!(words("command", line).as_deref(), Some(list));
        assert_eq!(words("constraints", "node.role == worker"), None);
        assert_eq!(words("argv", "'"), None);
    }
}
