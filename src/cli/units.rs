//! Numbers for people, without floating point, whose formatting and parsing would be 45 KB of code.

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

/// Units of time in nanoseconds.
pub const SECOND: u128 = 1_000_000_000;
pub const MILLISECOND: u128 = 1_000_000;
pub const MICROSECOND: u128 = 1_000;

/// Returns bytes per second.
pub fn rate(bytes: u64, time: Duration) -> u64 {
    let rate = u128::from(bytes) * SECOND / time.as_nanos().max(1);
    rate.try_into().unwrap_or(u64::MAX)
}

/// Returns a number of bytes in the unit with at most three digits before the point.
pub fn amount(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => (1_000, "KB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{} {name}", decimal(bytes.into(), unit, 1))
}

/// Parses a number of seconds with at most nine decimals.
pub fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let number = |digits: &str| match digits {
        "" => Some(0),
        digits => digits.parse::<u64>().ok(),
    };
    let nanos = number(&format!("{fraction:0<9}")).filter(|_| fraction.len() <= 9)?;
    Some(Duration::new(number(whole)?, nanos.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (13_200_000, "13.2 MB"),
            (u64::MAX, "18446744073.7 GB"),
        ] {
            assert_eq!(amount(bytes), text);
        }
        assert_eq!(rate(1_000, Duration::from_millis(500)), 2_000);
        assert_eq!(rate(1_000, Duration::ZERO), 1_000_000_000_000);
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
            assert_eq!(
                seconds(text),
                Some(Duration::from_millis(milliseconds)),
                "{text:?}"
            );
        }
        for text in [
            "",
            ".",
            "-1",
            "+1",
            "nan",
            "1e3",
            "0x1",
            "1.2.3",
            " 1",
            "99999999999999999999",
            "0.0000000001",
        ] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }
}
