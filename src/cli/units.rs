//! Numbers for people, without floating point, whose formatting and parsing would be 45 KB of code.

use std::num::IntErrorKind;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Returns `count / unit`, rounded to `places` decimal places.
pub fn decimal(count: u128, unit: u128, places: u32) -> String {
    let scale = 10u128.pow(places);
    let scaled = count.saturating_mul(scale).saturating_add(unit / 2) / unit;
    // Formatting a u128 would be a kilobyte of code, which no number here needs.
    let [whole, fraction] =
        [scaled / scale, scaled % scale].map(|n| u64::try_from(n).unwrap_or(u64::MAX));
    match places {
        0 => whole.to_string(),
        _ => format!("{whole}.{fraction:0places$}", places = places as usize),
    }
}

/// Gives units of time in nanoseconds.
pub const SECOND: u128 = 1_000_000_000;
pub const MILLISECOND: u128 = 1_000_000;
pub const MICROSECOND: u128 = 1_000;

/// Returns bytes per second.
pub fn rate(bytes: u64, time: Duration) -> u64 {
    let rate = u128::from(bytes) * SECOND / time.as_nanos().max(1);
    rate.try_into().unwrap_or(u64::MAX)
}

/// Returns a number and the noun of the counted things, whose plural has an s.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Returns a number of bytes in the unit with at most three digits before the point.
pub fn amount(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        // An amount that would round up to 1,000 has the next unit.
        1_000..999_950 => (1_000, "KB"),
        999_950..999_950_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{} {name}", decimal(bytes.into(), unit, 1))
}

/// Parses a number of seconds with at most nine decimals.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits = seconds.len() + fraction.len();
    if !is_number(seconds) || !is_number(fraction) || digits == 0 || fraction.len() > 9 {
        return Err("expected a number of seconds from 0".into());
    }
    let seconds = if seconds.is_empty() { "0" } else { seconds };
    let nanos = format!("{fraction:0<9}").parse().expect("nine digits");
    Ok(Duration::new(whole(seconds, 0..=u64::MAX)?, nanos))
}

/// Parses a whole number within `limits`.
pub fn whole(text: &str, limits: RangeInclusive<u64>) -> Result<u64, String> {
    scaled(text, 0, limits, "a whole number")
}

/// Parses a number of bytes within `limits`; after it K, M or G stands for 2^10, 2^20 or 2^30.
pub fn size(text: &str, limits: RangeInclusive<u64>) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    scaled(digits, shift, limits, "a size (500, 64K, 16M, 1G)")
}

/// Parses a whole number and multiplies it by 2^`shift`. `what` names the expected value in an error.
fn scaled(
    digits: &str,
    shift: u32,
    limits: RangeInclusive<u64>,
    what: &str,
) -> Result<u64, String> {
    let (least, most) = limits.into_inner();
    let too_large = || format!("too large; the largest number is {most}");
    let limit = match least {
        0 => String::new(),
        least => format!(" of at least {least}"),
    };
    let number = digits.parse::<u64>();
    match number.map(|number| number.checked_mul(1 << shift)) {
        Ok(Some(number)) if number >= least && number <= most => Ok(number),
        Ok(number) if number.is_none_or(|number| number > most) => Err(too_large()),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Err(too_large()),
        _ => Err(format!("expected {what}{limit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<u64> = 0..=u64::MAX;

    #[test]
    fn decimals_are_rounded() {
        assert_eq!(decimal(1_499, 1_000, 0), "1");
        assert_eq!(decimal(1_500, 1_000, 0), "2");
        assert_eq!(decimal(1_049, 1_000, 1), "1.0");
        assert_eq!(decimal(3_304_499, MILLISECOND, 3), "3.304");
        assert_eq!(decimal(42, SECOND, 6), "0.000000");
        assert_eq!(decimal(999_999_999, SECOND, 1), "1.0");
    }

    #[test]
    fn amounts_have_one_decimal_and_rates_do_not_overflow() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (24_949, "24.9 KB"),
            (999_949, "999.9 KB"),
            (999_950, "1.0 MB"),
            (13_200_000, "13.2 MB"),
            (u64::MAX, "18446744073.7 GB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
        assert_eq!(rate(1_000, Duration::from_millis(500)), 2_000);
        assert_eq!(rate(1_000, Duration::ZERO), 1_000_000_000_000);
        assert_eq!(
            [0, 1, 2].map(|n| count(n, "byte")),
            ["0 bytes", "1 byte", "2 bytes"]
        );
    }

    #[test]
    fn sizes_are_binary_and_too_large_ones_are_told_from_mistyped_ones() {
        for (text, bytes) in [
            ("0", 0),
            ("500", 500),
            ("64K", 64 << 10),
            ("16M", 16 << 20),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size(text, ANY), Ok(bytes), "{text:?}");
        }
        for text in ["", "K", "-1", "1.5M", "16 M", "16MB", "1é", "M1"] {
            let error = size(text, ANY).unwrap_err();
            assert!(error.starts_with("expected"), "{text:?}: {error}");
        }
        for text in ["18446744073709551616", "18014398509481984K"] {
            let error = size(text, ANY).unwrap_err();
            assert!(error.starts_with("too large"), "{text:?}: {error}");
        }
        assert!(size("0", 1..=9).is_err() && whole("0", 1..=9).is_err());
        let error = whole("99999999999999999999", ANY).unwrap_err();
        assert!(error.starts_with("too large"), "{error}");
        assert_eq!(whole("7", 7..=7), Ok(7));
        assert_eq!(size("1G", 0..=1 << 30), Ok(1 << 30));
        let error = size("1073741825", 0..=1 << 30).unwrap_err();
        assert_eq!(error, "too large; the largest number is 1073741824");
    }

    #[test]
    fn seconds_are_parsed_exactly_or_rejected() {
        for (text, milliseconds) in [
            ("5", 5_000),
            ("0.3", 300),
            (".5", 500),
            ("2.", 2_000),
            ("0", 0),
            ("1.000000000", 1_000),
        ] {
            let time = Duration::from_millis(milliseconds);
            assert_eq!(seconds(text), Ok(time), "{text:?}");
        }
        let invalid = [
            "", ".", "-1", "+1", "1.+1", "nan", "1e3", "0x1", "1.2.3", " 1",
        ];
        for text in invalid.into_iter().chain(["0.0000000001"]) {
            let error = seconds(text).unwrap_err();
            assert_eq!(error, "expected a number of seconds from 0", "{text:?}");
        }
        let error = seconds("99999999999999999999").unwrap_err();
        assert!(error.starts_with("too large"), "{error}");
    }
}
