//! A command line as a shell takes it apart, without anything that a shell would do about it.

/// The words of `line`; nothing when a quote is not closed.
pub(crate) fn shell_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => match letters.next()? {
                // The line goes on.
                '\n' => {}
                escaped => word.get_or_insert_default().push(escaped),
            },
            '\'' => loop {
                match letters.next()? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '"' => double_quoted(&mut letters, word.get_or_insert_default())?,
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

/// POSIX XCU 2.2.3: a backslash counts only before what means something there.
fn double_quoted(letters: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            '"' => return Some(()),
            '\\' => match letters.next()? {
                '\n' => {}
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            inside => word.push(inside),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_a_shell_makes_of_a_line() {
        for (line, expected) in [
            (
                "redis-server --save 60",
                &["redis-server", "--save", "60"][..],
            ),
            ("  sh -c 'exec a \"b\"' ", &["sh", "-c", "exec a \"b\""]),
            (r#"a\ b "c \" \d" e'f'"g""#, &["a b", r#"c " \d"#, "efg"]),
            ("'' \"\"", &["", ""]),
            ("a \\\n b", &["a", "b"]),
            ("", &[]),
        ] {
            assert_eq!(
                shell_words(line).as_deref(),
                Some(
                    &expected
                        .iter()
                        .map(|word| (*word).to_owned())
                        .collect::<Vec<_>>()[..]
                ),
                "{line}"
            );
        }
        for line in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(shell_words(line), None, "{line}");
        }
    }
}
