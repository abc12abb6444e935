use super::*;

#[test]
fn durations_read_as_written_and_print_in_the_same_units() {
    for (text, milliseconds, printed) in [
        ("0s", 0, "0s"),
        ("1s", 1_000, "1s"),
        ("100ms", 100, "100ms"),
        ("1h30m", 5_400_000, "1h30m"),
        ("90m", 5_400_000, "1h30m"),
        ("1.5s", 1_500, "1s500ms"),
        ("40.95s", 40_950, "40s950ms"),
        ("2160h", 7_776_000_000, "2160h"),
    ] {
        let duration: Duration = text.parse().unwrap();
        assert_eq!(duration.time(), Time::from_millis(milliseconds), "{text}");
        assert_eq!(duration.to_string(), printed);
        assert_eq!(printed.parse::<Duration>().unwrap(), duration);
    }
}

#[test]
fn what_is_no_duration_is_refused() {
    let long = format!("{}s", "9".repeat(400));
    for text in [
        "",
        "1",
        "s",
        "-1s",
        "1 s",
        "1d",
        "1s1",
        "0.0000000001s",
        "1..5s",
        ".5s",
        "300y",
        &long,
    ] {
        assert!(text.parse::<Duration>().is_err(), "{text}");
    }
    assert!("9223372036s".parse::<Duration>().is_ok());
    assert!(
        "9223372037s".parse::<Duration>().is_err(),
        "more than Docker can store"
    );
}

#[test]
fn an_interval_is_not_zero() {
    assert!("0s".parse::<Interval>().is_err());
    assert!("0h0ms".parse::<Interval>().is_err());
    assert_eq!(
        "1ns".parse::<Interval>().unwrap().time(),
        Time::from_nanos(1)
    );
}
