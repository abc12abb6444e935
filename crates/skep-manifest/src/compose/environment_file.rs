//! Files of environment variables, as `env_file` names them.

/// The variables of a file, a line each: `NAME=VALUE`, or a name alone.
pub(super) fn variables(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim_start);
    let said = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    said.map(|line| match line.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (line, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_as_they_stand() {
        let text = "\u{feff}# comment\nA=1\r\n\n  B=\"x\" # y\nC\nD=a=b\n";
        let expected = [
            ("A", Some("1")),
            ("B", Some("\"x\" # y")),
            ("C", None),
            ("D", Some("a=b")),
        ];
        assert_eq!(variables(text).collect::<Vec<_>>(), expected);
    }
}
