//! Numbers in a form for people.

/// Parses a size: decimal digits, then K, M or G for thousands, and an optional B, as in `100`, `10K`, `1 MB`.
pub fn size(text: &str) -> Option<usize> {
    let text = text.trim().trim_end_matches(['B', 'b']).trim_end();
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1_000),
        b'm' | b'M' => (&text[..text.len() - 1], 1_000_000),
        b'g' | b'G' => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let digits = digits.trim_end();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<usize>().ok()?.checked_mul(factor)
}

/// Parses a list, separated by commas, of values that `one` parses.
pub fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(one).collect()
}

/// Returns the runs of decimal digits in `text`, in order, that are in the range of PIDs.
pub fn decimals(text: &[u8]) -> impl Iterator<Item = i32> {
    text.split(|byte| !byte.is_ascii_digit())
        .filter_map(|run| std::str::from_utf8(run).ok()?.parse().ok())
}

/// Formats a size: `1000` as `1 KB`.
pub fn bytes(count: usize) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        _ => scaled(count as f64, &[("KB", 1e3), ("MB", 1e6), ("GB", 1e9)]),
    }
}

/// Formats a rate in bytes a second.
pub fn rate(bytes_per_second: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("B/s", 1.0), ("KB/s", 1e3), ("MB/s", 1e6), ("GB/s", 1e9)];
    scaled(bytes_per_second, &UNITS)
}

/// Formats a time, given in nanoseconds.
pub fn time(nanoseconds: f64) -> String {
    const UNITS: [(&str, f64); 4] = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
    scaled(nanoseconds, &UNITS)
}

/// Formats three significant digits in the largest unit that gives at least 1.
fn scaled(value: f64, units: &[(&str, f64)]) -> String {
    let fitting = units.iter().rev().find(|unit| value >= 0.9995 * unit.1);
    let (name, factor) = *fitting.unwrap_or(&units[0]);
    format!("{} {name}", significant(value / factor))
}

/// Formats three significant digits.
pub fn significant(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_parsed() {
        for (text, value) in [
            ("0", 0),
            ("100", 100),
            ("10K", 10_000),
            ("1 MB", 1_000_000),
            ("100mb", 100_000_000),
            ("7B", 7),
        ] {
            assert_eq!(size(text), Some(value), "{text}");
        }
        for text in [
            "",
            "K",
            "-1",
            "1.5K",
            "1KK",
            "99999999999999999999",
            "99999999999999999K",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(list("1,2K", size), Some(vec![1, 2_000]));
        assert_eq!(list("1,,2", size), None);
    }

    #[test]
    fn pids_are_found_in_the_output_of_a_server() {
        let found: Vec<i32> = decimals(b"minitalk v2\nPID: 4242.\n99999999999").collect();
        assert_eq!(found, [2, 4242]);
    }

    #[test]
    fn units_follow_the_magnitude() {
        assert_eq!(bytes(100), "100 B");
        assert_eq!(bytes(10_000), "10 KB");
        assert_eq!(bytes(1_500_000), "1.5 MB");
        assert_eq!(time(6_640.0), "6.64 us");
        assert_eq!(time(999_900.0), "1 ms");
        assert_eq!(time(12.0), "12 ns");
        assert_eq!(rate(13_960.0), "14 KB/s");
        assert_eq!(rate(0.0), "0 B/s");
        assert_eq!(significant(123.4), "123");
        assert_eq!(significant(100.0), "100");
    }
}
