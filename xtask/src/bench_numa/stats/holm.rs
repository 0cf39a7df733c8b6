//! Many tests at once. With a hundred cells, some look slower by chance. Holm's method keeps the chance of even
//! one false alarm below the level: S. Holm, "A simple sequentially rejective multiple test procedure",
//! Scandinavian Journal of Statistics 6 (1979). It needs nothing of how the tests depend on each other.

/// Which of the tests with these p-values are significant at `level`, taken together.
pub(crate) fn significant(p_values: &[f64], level: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut found = vec![false; p_values.len()];
    for (rank, test) in order.into_iter().enumerate() {
        if p_values[test] > level / (p_values.len() - rank) as f64 {
            break;
        }
        found[test] = true;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_has_a_bound_of_its_own_and_the_first_miss_ends_it() {
        // Bounds at level 0.05: 0.0125, 0.0167, 0.025, 0.05.
        assert_eq!(significant(&[0.01, 0.04, 0.03, 0.005], 0.05), [true, false, false, true]);
        assert_eq!(significant(&[0.012, 0.016, 0.024, 0.049], 0.05), [true; 4]);
        assert_eq!(significant(&[0.013, 0.001], 0.01), [false, true]);
        assert_eq!(significant(&[0.06], 0.05), [false]);
        assert!(significant(&[], 0.05).is_empty());
    }
}
