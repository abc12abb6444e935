//! What was measured, for people and for programs.

use serde_json::{Value, json};

use crate::sample::Sample;

/// What both came to.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// Empty where it has nothing of the kind.
    pub(crate) keepalived: Sample,
    pub(crate) skep: Sample,
    pub(crate) budget: Budget,
}

/// Whether skep needed no more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    Missed,
    /// keepalived did not do the work that its part is compared with.
    NotComparable,
    /// There is no budget.
    Open,
}

/// What skep may need.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// In the median not more than keepalived, and not more than this.
    BesideAndAtMost(f64),
    /// In the median not more than this.
    AtMost(f64),
    /// None at all, ever.
    None,
    /// Not more than this part of what keepalived needs.
    Part(f64),
    /// The same, where keepalived did not do its work.
    PartOfNothing(f64),
    /// No budget: for comparison.
    Open,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Budget {
    fn text(self, unit: &str) -> String {
        match self {
            Self::BesideAndAtMost(most) => format!("≤ keepalived, ≤ {most:.1} {unit}"),
            Self::AtMost(most) => format!("≤ {most} {unit}"),
            Self::None => "always 0".to_owned(),
            Self::Part(part) | Self::PartOfNothing(part) => format!("≤ {part} × keepalived"),
            Self::Open => "-".to_owned(),
        }
    }

    fn judge(self, row: &Row) -> Verdict {
        let (skep, keepalived) = (row.skep.median(), row.keepalived.median());
        let is_met = match self {
            Self::BesideAndAtMost(most) => skep <= most && skep <= keepalived,
            Self::AtMost(most) => skep <= most,
            Self::None => row.skep.max() == 0.0,
            Self::Part(part) => skep <= part * keepalived,
            Self::PartOfNothing(_) => return Verdict::NotComparable,
            Self::Open => return Verdict::Open,
        };
        if is_met {
            Verdict::Reached
        } else {
            Verdict::Missed
        }
    }
}

impl Verdict {
    const fn text(self) -> &'static str {
        match self {
            Self::Reached => "yes",
            Self::Missed => "NO",
            Self::NotComparable => "not comparable",
            Self::Open => "-",
        }
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.0.push(row);
    }

    /// A table as Markdown has it.
    pub(crate) fn text(&self) -> String {
        let head = [
            "what",
            "n",
            "budget",
            "skep",
            "keepalived",
            "ratio",
            "reached",
        ];
        let mut lines = vec![head.map(str::to_owned)];
        lines.extend(self.0.iter().map(Row::cells));
        let width = |column: usize| {
            let widths = lines.iter().map(|line| line[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let mut shown = lines.iter().map(|line| joined(line, &widths));
        let head = shown.next().unwrap_or_default();
        head + &joined(&rule, &widths) + &shown.collect::<String>()
    }

    pub(crate) fn json(&self) -> Value {
        self.0.iter().map(Row::json).collect()
    }
}

impl Row {
    fn cells(&self) -> [String; 7] {
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}"));
        [
            self.what.clone(),
            self.skep.count().to_string(),
            self.budget.text(self.unit),
            shown(&self.skep, self.unit),
            shown(&self.keepalived, self.unit),
            ratio.unwrap_or_else(|| "-".to_owned()),
            self.budget.judge(self).text().to_owned(),
        ]
    }

    /// What skep needed of what keepalived needed, in the median; none of what has no end.
    fn ratio(&self) -> Option<f64> {
        let (skep, keepalived) = (self.skep.median(), self.keepalived.median());
        let ratio = skep / keepalived;
        (ratio.is_finite() && keepalived.is_finite()).then_some(ratio)
    }

    fn json(&self) -> Value {
        let numbers = |sample: &Sample| {
            json!({
                "count": sample.count(),
                "median": sample.median(),
                "p95": sample.p95(),
                "max": sample.max(),
            })
        };
        json!({
            "what": self.what,
            "unit": self.unit,
            "budget": self.budget.text(self.unit),
            "skep": numbers(&self.skep),
            "keepalived": numbers(&self.keepalived),
            "ratio": self.ratio(),
            "reached": self.budget.judge(self).text(),
        })
    }
}

/// Median, 95th percentile and maximum.
fn shown(sample: &Sample, unit: &str) -> String {
    let (median, p95, max) = (sample.median(), sample.p95(), sample.max());
    match sample.count() {
        0 => "-".to_owned(),
        _ if median.is_infinite() => "no end seen".to_owned(),
        1 => format!("{median:.1} {unit}").trim_end().to_owned(),
        _ => format!("{median:.1} / {p95:.1} / {max:.1} {unit}")
            .trim_end()
            .to_owned(),
    }
}

fn joined(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let missing = width - cell.chars().count();
        format!("{cell}{}", " ".repeat(missing))
    });
    let padded: Vec<String> = padded.collect();
    format!("| {} |\n", padded.join(" | "))
}
