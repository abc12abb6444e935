//! Lines that stand for several: `~SEQ(VAR, START, STEP, END)`, `~SEQx` and `~LST`.

use skep_manifest::problem::Severity;

use super::Texts;
use super::definition::Definitions;
use super::limit::TooMuch;
use super::line::Line;

/// The most lines one sequence makes: all virtual routers of one segment, sixteen times.
const LINES_MAX: usize = 4_096;

/// What a line with a sequence comes to.
pub(super) enum Expansion {
    Lines(Vec<Line>),
    Misread(String),
    TooMuch,
}

impl Expansion {
    pub(super) fn take_or_report(
        self,
        line: &Line,
        texts: &mut Texts,
    ) -> Result<Vec<Line>, TooMuch> {
        match self {
            Self::Lines(lines) => Ok(lines),
            Self::TooMuch => Err(TooMuch),
            Self::Misread(why) => {
                texts
                    .report(Severity::Error, "bad-sequence", line.span)
                    .says(why)
                    .help("write the lines out, or `~SEQ(VAR, START, STEP, END)`");
                Ok(Vec::new())
            }
        }
    }
}

/// The lines that `line` stands for, at most so many bytes: for each value a definition of the
/// variable and the rest of the line. Nothing when it is no sequence.
pub(super) fn expand(
    line: &Line,
    definitions: &Definitions,
    bytes_max: usize,
) -> Option<Expansion> {
    let (kind, rest) = line.text.strip_prefix('~')?.split_once('(')?;
    let expanded = match (kind, split_arguments(rest)) {
        (_, None) => Err("the sequence has no closing parenthesis".to_owned()),
        ("SEQ", Some((arguments, rest))) => {
            numbers(&arguments, definitions, Base::Ten).map(|of| (of, rest))
        }
        ("SEQx", Some((arguments, rest))) => {
            numbers(&arguments, definitions, Base::Sixteen).map(|of| (of, rest))
        }
        ("LST", Some((arguments, rest))) => values(&arguments).map(|of| (of, rest)),
        (other, Some(_)) => Err(format!("there is no sequence `~{other}`")),
    };
    Some(match expanded {
        Ok((assignments, rest)) if assignments.len() * (rest.len() + 64) > bytes_max => {
            Expansion::TooMuch
        }
        Ok((assignments, rest)) => Expansion::Lines(
            assignments
                .into_iter()
                .flat_map(|Assignment(definitions)| {
                    definitions.into_iter().chain([rest.trim().to_owned()])
                })
                .map(|text| line.made(text))
                .collect(),
        ),
        Err(why) => Expansion::Misread(why),
    })
}

/// The definitions of the variables for one of the lines.
struct Assignment(Vec<String>);

fn definition(name: &str, value: &str) -> String {
    format!("${name}={value}")
}

/// The arguments up to the closing parenthesis, split at commas outside braces, and the rest.
fn split_arguments(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut arguments = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' | b')' if depth == 0 => {
                arguments.push(text[start..at].trim());
                start = at + 1;
                if byte == b')' {
                    return Some((arguments, &text[start..]));
                }
            }
            _ => {}
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Base {
    Ten,
    Sixteen,
}

fn numbers(
    arguments: &[&str],
    definitions: &Definitions,
    base: Base,
) -> Result<Vec<Assignment>, String> {
    let number = |text: &&str| {
        let said = definitions.value(text).unwrap_or(text);
        let text = &said;
        let (sign, digits) = text.strip_prefix('-').map_or((1, *text), |rest| (-1, rest));
        let parsed = match digits.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let parsed = parsed.map(|number| sign * i64::from(number));
        parsed.map_err(|_| format!("`{text}` is not a number"))
    };
    let [name, bounds @ ..] = arguments else {
        return Err("the sequence names no variable".to_owned());
    };
    let bounds = bounds.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    let towards = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match bounds[..] {
        [end] => (
            if end < 0 { -1 } else { 1 },
            if end < 0 { -1 } else { 1 },
            end,
        ),
        [start, end] => (start, towards(start, end), end),
        [start, step, end] => (start, step, end),
        _ => return Err("a sequence has a variable and one to three numbers".to_owned()),
    };
    if step == 0 || (end - start) / step > LINES_MAX as i64 {
        return Err(format!("the sequence comes to more than {LINES_MAX} lines"));
    }
    let mut assignments = Vec::new();
    let mut at = start;
    while (step > 0 && at <= end) || (step < 0 && at >= end) {
        let value = match base {
            Base::Ten => at.to_string(),
            Base::Sixteen => format!("{at:x}"),
        };
        assignments.push(Assignment(vec![definition(name, &value)]));
        at += step;
    }
    Ok(assignments)
}

fn values(arguments: &[&str]) -> Result<Vec<Assignment>, String> {
    fn parts(text: &str) -> Vec<String> {
        let inner = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        inner
            .unwrap_or(text)
            .split(',')
            .map(|part| part.trim().to_owned())
            .collect()
    }
    let [names, lists @ ..] = arguments else {
        return Err("the list names no variable".to_owned());
    };
    let names = parts(names);
    lists
        .iter()
        .map(|list| {
            let list = parts(list);
            if list.len() == names.len() {
                let both = names.iter().zip(&list);
                Ok(Assignment(
                    both.map(|(name, value)| definition(name, value)).collect(),
                ))
            } else {
                Err(format!(
                    "{} variables and {} values",
                    names.len(),
                    list.len()
                ))
            }
        })
        .collect()
}
