//! Bytes as pairs of hexadecimal digits.

/// The digits of `bytes`, in lower case.
#[must_use]
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that `digits` say, in lower or upper case; nothing when they are not pairs of such.
#[must_use]
pub fn parse(digits: &[u8]) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| match *pair {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

fn value(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let written = digits(&all);
        assert!(written.starts_with("000102") && written.ends_with("fdfeff"));
        assert_eq!(parse(written.as_bytes()).as_ref(), Some(&all));
        assert_eq!(parse(written.to_uppercase().as_bytes()), Some(all));
        assert_eq!((digits(&[]), parse(b"")), (String::new(), Some(vec![])));
    }

    #[test]
    fn what_is_no_pair_of_digits_says_nothing() {
        for text in ["0", "000", "0g", "g0", "+1", " 1", "1 ", "\u{660}"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
