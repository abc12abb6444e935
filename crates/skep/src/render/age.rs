//! Ages as a person reads them.

const SECOND_MS: u64 = 1_000;
const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// `milliseconds` in at most two units: `now`, `12s`, `4m09s`, `3h05m`, `2d04h`.
pub(crate) fn age(milliseconds: u64) -> String {
    let seconds = milliseconds / SECOND_MS;
    match seconds {
        0 => "now".to_owned(),
        1..MINUTE_S => format!("{seconds}s"),
        MINUTE_S..HOUR_S => format!("{}m{:02}s", seconds / MINUTE_S, seconds % MINUTE_S),
        HOUR_S..DAY_S => format!("{}h{:02}m", seconds / HOUR_S, seconds % HOUR_S / MINUTE_S),
        DAY_S.. => format!("{}d{:02}h", seconds / DAY_S, seconds % DAY_S / HOUR_S),
    }
}

/// `milliseconds` as a moment in the past: `now`, `12s ago`.
pub(crate) fn ago(milliseconds: u64) -> String {
    if milliseconds < SECOND_MS {
        return "now".to_owned();
    }
    format!("{} ago", age(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::{age, ago};

    #[test]
    fn ages_have_at_most_two_units() {
        let shown: Vec<String> = [0, 999, 1_000, 59_999, 249_000, 11_100_000, 187_200_000]
            .map(age)
            .into();
        assert_eq!(
            shown,
            ["now", "now", "1s", "59s", "4m09s", "3h05m", "2d04h"]
        );
        assert_eq!([ago(12), ago(12_000)], ["now", "12s ago"]);
    }
}
