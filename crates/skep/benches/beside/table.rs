//! What was measured, for people and for programs.

use serde_json::{Value, json};

use crate::sample::Sample;

/// What both came to.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) keepalived: Sample,
    pub(crate) skep: Sample,
    pub(crate) budget: Budget,
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
            Self::Part(part) => format!("≤ {part} × keepalived"),
            Self::Open => "-".to_owned(),
        }
    }

    fn is_met(self, row: &Row) -> Option<bool> {
        let (skep, keepalived) = (row.skep.median(), row.keepalived.median());
        match self {
            Self::BesideAndAtMost(most) => Some(skep <= most && skep <= keepalived),
            Self::AtMost(most) => Some(skep <= most),
            Self::None => Some(row.skep.max() == 0.0),
            Self::Part(part) => Some(skep <= part * keepalived),
            Self::Open => None,
        }
    }
}

impl Table {
    pub(crate) fn push(&mut self, row: Row) {
        self.0.push(row);
    }

    /// A table as Markdown has it.
    pub(crate) fn text(&self) -> String {
        let head = ["what", "n", "keepalived", "skep", "budget", "met"];
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
    fn cells(&self) -> [String; 6] {
        let met = match self.budget.is_met(self) {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "-",
        };
        [
            self.what.clone(),
            self.skep.count().to_string(),
            shown(&self.keepalived, self.unit),
            shown(&self.skep, self.unit),
            self.budget.text(self.unit),
            met.to_owned(),
        ]
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
            "keepalived": numbers(&self.keepalived),
            "skep": numbers(&self.skep),
            "budget": self.budget.text(self.unit),
            "met": self.budget.is_met(self),
        })
    }
}

/// Median, 95th percentile and maximum.
fn shown(sample: &Sample, unit: &str) -> String {
    let (median, p95, max) = (sample.median(), sample.p95(), sample.max());
    match sample.count() {
        1 => format!("{median:.1} {unit}"),
        _ => format!("{median:.1} / {p95:.1} / {max:.1} {unit}"),
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
