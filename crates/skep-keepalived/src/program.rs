//! A program with its arguments, as keepalived starts it: directly, without a shell.

/// Who may run programs as anybody.
const ROOT: &str = "root";
const RUN_AS: &str = "/usr/sbin/runuser";

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// What stands in the file.
    pub(crate) text: String,
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
}

impl Program {
    /// Splits at spaces outside quotes; a backslash keeps the character after it as it is.
    pub(crate) fn parse(text: &str) -> Self {
        let mut argv: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match quote {
                Some(open) if c == open => quote = None,
                Some('"') | None if c == '\\' => {
                    word.get_or_insert_default().extend(chars.next());
                }
                Some(_) => word.get_or_insert_default().push(c),
                None if c == '"' || c == '\'' => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                None if c.is_whitespace() => argv.extend(word.take()),
                None => word.get_or_insert_default().push(c),
            }
        }
        argv.extend(word);
        Self {
            text: text.to_owned(),
            argv,
        }
    }

    /// Words that stand on a line by themselves.
    pub(crate) fn from_words(words: impl Iterator<Item = String>) -> Self {
        let argv: Vec<String> = words.collect();
        Self {
            text: argv.join(" "),
            argv,
        }
    }

    /// The word in it that only a shell would understand, if there is one.
    pub(crate) fn shell_word(&self) -> Option<&str> {
        let is_shell = |program: &String| {
            let name = program.rsplit('/').next().unwrap_or_default();
            matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh")
        };
        if self.argv.first().is_some_and(is_shell) {
            return None;
        }
        let means_something = |word: &&String| {
            matches!(
                word.as_str(),
                "|" | "||" | "&&" | "&" | ";" | ">" | "<" | ">>" | "2>&1"
            ) || word.starts_with("$(")
                || word.starts_with('`')
                || word.starts_with("2>")
                || word.starts_with(">/")
                || word.starts_with("</")
                || word.ends_with(';')
        };
        self.argv.iter().find(means_something).map(String::as_str)
    }

    /// `argv` as `user`, started by root: `keepalived --config-test` of 2.2 ends itself when it
    /// meets a script of anybody else.
    pub(crate) fn run_as(user: &str, argv: &[String]) -> Vec<String> {
        if user == ROOT {
            return argv.to_vec();
        }
        let words = [RUN_AS, "-u", user, "--"].map(str::to_owned);
        words.into_iter().chain(argv.iter().cloned()).collect()
    }

    /// The user that [`Self::run_as`] names, and the program without that.
    pub(crate) fn without_user(argv: &[String]) -> Option<(&str, &[String])> {
        match argv {
            [program, option, user, end, rest @ ..]
                if program == RUN_AS && option == "-u" && end == "--" && !rest.is_empty() =>
            {
                Some((user.as_str(), rest))
            }
            _ => None,
        }
    }

    /// As `argv` stands between the quotation marks of a `script`; nothing when a word has both
    /// spaces and a quotation mark that ends it.
    pub(crate) fn quoted(argv: &[String]) -> Option<String> {
        let is_plain = |word: &String| {
            let stands_alone = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
            !word.is_empty() && word.chars().all(stands_alone)
        };
        let words = argv.iter().map(|word| {
            if is_plain(word) {
                return Some(word.clone());
            }
            let can_be_quoted = !word.contains(['\'', '\n', '\r']);
            can_be_quoted.then(|| format!("'{}'", word.replace('\\', "\\\\").replace('"', "\\\"")))
        });
        Some(words.collect::<Option<Vec<_>>>()?.join(" "))
    }
}
