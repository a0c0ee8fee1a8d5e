//! Suggestions for mistyped words.

use strsim::osa_distance;

/// Returns `; did you mean ...?` with the one of `known` that is nearest to `typed`, or nothing if none is near.
pub fn suggest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let distances = known
        .into_iter()
        .map(|word| (osa_distance(typed, word), word));
    match distances.min() {
        // With more than a third of its letters wrong, another word was meant.
        Some((distance, word)) if distance <= word.trim_start_matches('-').len().div_ceil(3) => {
            format!("; did you mean {word}?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_words_are_suggested() {
        assert_eq!(suggest("frobnicate", ["serve", "send"]), "");
        assert_eq!(suggest("x", ["serve", "send"]), "");
        for typed in ["sned", "sen", "seend", "s\u{e9}nd"] {
            assert_eq!(suggest(typed, ["serve", "send"]), "; did you mean send?");
        }
    }
}
