//! Suggestions for mistyped words.

/// Returns `; did you mean ...?` with the one of `known` that is nearest to `typed`, or nothing if none is near.
pub fn suggest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let distances = known.into_iter().map(|word| (distance(typed, word), word));
    match distances.min() {
        // With more than a third of its letters wrong, another word was meant.
        Some((away, word)) if away <= word.trim_start_matches('-').len().div_ceil(3) => {
            format!("; did you mean {word}?")
        }
        _ => String::new(),
    }
}

/// Counts the letters to add, remove, replace or swap with their neighbour to get from one word to the other.
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
    fn distance_counts_edits() {
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
    fn only_similar_words_are_suggested() {
        assert_eq!(suggest("frobnicate", ["serve", "send"]), "");
        assert_eq!(suggest("x", ["serve", "send"]), "");
        assert_eq!(suggest("sned", ["serve", "send"]), "; did you mean send?");
    }
}
