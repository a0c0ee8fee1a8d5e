//! Medians and their spread, and histograms over orders of magnitude.

/// The order statistics of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The number of values.
    pub count: usize,
    /// The minimum.
    pub min: f64,
    /// The first quartile.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// The third quartile.
    pub upper: f64,
    /// The maximum.
    pub max: f64,
}

impl Summary {
    /// Summarises the finite values; others are failed measurements. Returns `None` without finite values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            count: sorted.len(),
            min: *sorted.first()?,
            lower: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper: quantile(&sorted, 0.75),
            max: *sorted.last()?,
        })
    }

    /// Formats the median and, in brackets, the quartiles.
    pub fn show(&self, unit: impl Fn(f64) -> String) -> String {
        if self.count == 1 {
            return unit(self.median);
        }
        format!(
            "{} [{} .. {}]",
            unit(self.median),
            unit(self.lower),
            unit(self.upper)
        )
    }
}

/// Returns the quantile `q` of the sorted values, interpolated (type 7 of Hyndman and Fan).
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = q * last as f64;
    let below = sorted[at.floor() as usize];
    let above = sorted[at.ceil() as usize];
    below + (above - below) * at.fract()
}

/// Returns the median of the ratios of each round, which excludes changes of the machine between rounds. Rounds without one of
/// the two values are skipped.
pub fn ratio(values: &[f64], floor: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = values.iter().zip(floor).map(|(v, f)| v / f).collect();
    Summary::of(&ratios).map(|summary| summary.median)
}

/// The number of bins in an order of magnitude.
const BINS: f64 = 10.0;

/// Counts values in bins whose bounds grow by a constant factor: `(lower bound, upper bound, count)`.
///
/// There is no gap between the first and the last bin that is not empty. Values that are not positive are skipped.
pub fn histogram(values: &[f64]) -> Vec<(f64, f64, usize)> {
    let bin = |value: f64| (value.log10() * BINS).floor() as i32;
    let bound = |bin: i32| 10f64.powf(f64::from(bin) / BINS);
    let mut bins: Vec<i32> = values
        .iter()
        .filter(|v| **v > 0.0)
        .map(|v| bin(*v))
        .collect();
    bins.sort_unstable();
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return Vec::new();
    };
    (*first..=*last)
        .map(|at| {
            let count = bins.iter().filter(|b| **b == at).count();
            (bound(at), bound(at + 1), count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_of_small_series_are_right() {
        let summary = Summary::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!(
            (
                summary.min,
                summary.lower,
                summary.median,
                summary.upper,
                summary.max
            ),
            (1.0, 2.0, 3.0, 4.0, 5.0)
        );
        let two = Summary::of(&[1.0, 2.0]).unwrap();
        assert_eq!((two.lower, two.median, two.upper), (1.25, 1.5, 1.75));
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[7.0]).unwrap().show(|v| v.to_string()), "7");
        assert_eq!(two.show(|v| v.to_string()), "1.5 [1.25 .. 1.75]");
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        // The machine was ten times slower in the second round.
        assert_eq!(ratio(&[2.0, 20.0, 2.2], &[1.0, 10.0, 1.0]), Some(2.0));
        assert_eq!(ratio(&[f64::NAN, 3.0, 4.0], &[1.0, 1.0]), Some(3.0));
        assert_eq!(ratio(&[], &[1.0]), None);
    }

    #[test]
    fn every_positive_value_is_in_its_bin() {
        let values = [0.0, 1.0, 1.1, 15.0, 99.0];
        let bins = histogram(&values);
        assert_eq!(bins.iter().map(|bin| bin.2).sum::<usize>(), 4);
        for value in &values[1..] {
            let holding = bins.iter().find(|b| b.0 <= *value && *value < b.1).unwrap();
            assert!(holding.2 > 0, "{value}");
        }
        assert!(histogram(&[]).is_empty());
    }
}
