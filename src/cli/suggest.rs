//! What was probably meant by a word that was mistyped.

/// `; did you mean ...?` for the one of `known` that is nearest to `typed`, or nothing if none is near.
pub fn suggest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let distances = known.into_iter().map(|word| (distance(typed, word), word));
    match distances.min() {
        // A third of it may be wrong: whoever typed nothing like it meant something else.
        Some((away, word)) if away <= word.trim_start_matches('-').len().div_ceil(3) => {
            format!("; did you mean {word}?")
        }
        _ => String::new(),
    }
}

/// How many letters to add, remove, replace or swap with their neighbour make the one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (i, a) in from.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in to.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if j > 0 && previous == Some(b) && a == to[j - 1] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        (before, last, previous) = (last, row, Some(a));
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, away) in [
            ("send", "send", 0),
            ("", "send", 4),
            ("send", "", 4),
            ("sned", "send", 1),
            ("sen", "send", 1),
            ("seend", "send", 1),
            ("serv", "send", 2),
            ("kitten", "sitting", 3),
            ("\u{e9}", "e", 1),
        ] {
            assert_eq!(distance(from, to), away, "{from} {to}");
        }
    }

    #[test]
    fn nothing_is_suggested_for_what_is_like_nothing() {
        assert_eq!(suggest("frobnicate", ["serve", "send"]), "");
        assert_eq!(suggest("x", ["serve", "send"]), "");
        assert_eq!(suggest("sned", ["serve", "send"]), "; did you mean send?");
    }
}
