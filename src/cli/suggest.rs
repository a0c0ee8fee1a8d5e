//! Suggestions for mistyped words.

use strsim::osa_distance;

/// Returns `; did you mean ...?` with the one of `known` that is nearest to `typed`, or `otherwise` if none is near.
pub fn suggest(typed: &str, known: &mut dyn Iterator<Item = &str>, otherwise: &str) -> String {
    let distances = known.map(|word| (osa_distance(typed, word), word));
    match distances.min() {
        // With more than a third of its letters wrong, another word was meant.
        Some((distance, word)) if distance <= word.trim_start_matches('-').len().div_ceil(3) => {
            format!("; did you mean {word}?")
        }
        _ => otherwise.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_words_are_suggested() {
        for typed in ["frobnicate", "x"] {
            assert_eq!(
                suggest(typed, &mut ["serve", "send"].into_iter(), "; no"),
                "; no"
            );
        }
        for typed in ["sned", "sen", "seend", "s\u{e9}nd"] {
            assert_eq!(
                suggest(typed, &mut ["serve", "send"].into_iter(), ""),
                "; did you mean send?"
            );
        }
    }
}
