//! The Universal Scalability Law: N. J. Gunther, "Guerrilla Capacity Planning" (Springer, 2007).
//!
//! With N threads, throughput is X(N) = λN / (1 + σ(N−1) + κN(N−1)). λ is the rate of one thread. σ is the part
//! of the work that threads do one after the other, and κ is what each pair of threads pays to agree. If κ is
//! positive, throughput is highest at the *knee*, N* = sqrt((1−σ)/κ), and falls beyond it.

/// The law for one map and workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usl {
    pub(super) lambda: f64,
    pub(super) sigma: f64,
    pub(super) kappa: f64,
}

/// A fit needs this many thread counts: the law has three numbers, and one point more shows whether it fits.
pub(super) const POINTS: usize = 4;

impl Usl {
    /// The law with the smallest sum of squared relative errors; `None` with fewer than [`POINTS`] thread counts.
    ///
    /// N/X(N) = a + b(N−1) + cN(N−1) with a = 1/λ, b = σ/λ, c = κ/λ is linear, so no iteration is needed. Each
    /// equation is divided by its N/X, so that errors are relative. Negative σ or κ would mean that threads help
    /// each other; then the best law without that number counts.
    pub(super) fn fit(points: &[(usize, f64)]) -> Option<Self> {
        if points.len() < POINTS {
            return None;
        }
        let rows: Vec<[f64; 3]> = points
            .iter()
            .map(|&(threads, rate)| {
                let n = threads as f64;
                [1.0, n - 1.0, n * (n - 1.0)].map(|term| term * rate / n)
            })
            .collect();
        let error = |of: &[f64; 3]| -> f64 {
            rows.iter().map(|row| (row.iter().zip(of).map(|(x, a)| x * a).sum::<f64>() - 1.0).powi(2)).sum()
        };
        let used = [[true, true, true], [true, true, false], [true, false, true], [true, false, false]];
        let solved = used.iter().filter_map(|used| solve(&rows, used));
        let allowed = solved.filter(|[a, b, c]| *a > 0.0 && *b >= 0.0 && *c >= 0.0);
        let [a, b, c] = allowed.min_by(|x, y| error(x).total_cmp(&error(y)))?;
        Some(Self { lambda: 1.0 / a, sigma: b / a, kappa: c / a })
    }

    /// Throughput with this many threads.
    pub(super) fn rate(&self, threads: f64) -> f64 {
        let Self { lambda, sigma, kappa } = self;
        lambda * threads / (1.0 + sigma * (threads - 1.0) + kappa * threads * (threads - 1.0))
    }

    /// The largest relative error at these points.
    pub(super) fn error(&self, points: &[(usize, f64)]) -> f64 {
        points
            .iter()
            .map(|(threads, rate)| (self.rate(*threads as f64) / rate - 1.0).abs())
            .fold(0.0, f64::max)
    }

    /// The number of threads with the highest throughput; `None` if more threads always help.
    pub(super) fn knee(&self) -> Option<f64> {
        if self.sigma >= 1.0 {
            return Some(1.0);
        }
        (self.kappa > 0.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt().max(1.0))
    }
}

/// The coefficients that are `used` in the least squares solution of `rows` · coefficients = 1, by the normal
/// equations; the others are 0.
fn solve(rows: &[[f64; 3]], used: &[bool; 3]) -> Option<[f64; 3]> {
    // Columns of equal length, so that N(N−1) of many threads loses no digits beside 1.
    let length = |column: usize| rows.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt();
    let scale = [length(0), length(1), length(2)];
    let mut system = [[0.0; 4]; 3];
    for (i, line) in system.iter_mut().enumerate() {
        for (j, entry) in line[..3].iter_mut().enumerate() {
            *entry = match used[i] && used[j] {
                true => rows.iter().map(|row| row[i] * row[j]).sum::<f64>() / (scale[i] * scale[j]),
                false => f64::from(u8::from(i == j)),
            };
        }
        line[3] = if used[i] { rows.iter().map(|row| row[i]).sum::<f64>() / scale[i] } else { 0.0 };
    }
    for pivot in 0..3 {
        let best = (pivot..3).max_by(|&i, &j| system[i][pivot].abs().total_cmp(&system[j][pivot].abs()))?;
        system.swap(pivot, best);
        let value = system[pivot][pivot];
        if value.abs() < 1e-12 {
            return None;
        }
        let line = system[pivot].map(|entry| entry / value);
        for (row, other) in system.iter_mut().enumerate() {
            let factor = if row == pivot { continue } else { other[pivot] };
            other.iter_mut().zip(line).for_each(|(entry, of)| *entry -= factor * of);
        }
        system[pivot] = line;
    }
    Some([0, 1, 2].map(|i| if used[i] { system[i][3] / scale[i] } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(law: Usl, noise: f64, counts: &[usize]) -> Vec<(usize, f64)> {
        let sign = |index: usize| if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        let point = |(index, &n): (usize, &usize)| (n, law.rate(n as f64) * (1.0 + noise * sign(index)));
        counts.iter().enumerate().map(point).collect()
    }

    fn near(a: f64, b: f64, part: f64) -> bool {
        (a - b).abs() <= part * b.abs() + 1e-12
    }

    #[test]
    fn the_numbers_that_made_the_points_are_found_again() {
        for (lambda, sigma, kappa) in
            [(5.0, 0.05, 0.001), (0.3, 0.0, 0.01), (40.0, 0.2, 0.0), (2.0, 0.0, 0.0), (1e-3, 0.01, 1e-6)]
        {
            let law = Usl { lambda, sigma, kappa };
            for counts in [&[1, 2, 4, 8][..], &[1, 2, 4, 8, 16, 32, 64, 128, 256], &[3, 7, 64, 4096]] {
                let found = Usl::fit(&points(law, 0.0, counts)).unwrap();
                assert!(near(found.lambda, lambda, 1e-4), "{found:?} {law:?}");
                assert!(
                    near(found.sigma, sigma, 1e-3) || (found.sigma - sigma).abs() < 1e-6,
                    "{found:?} {law:?}"
                );
                assert!(
                    near(found.kappa, kappa, 1e-3) || (found.kappa - kappa).abs() < 1e-9,
                    "{found:?} {law:?}"
                );
            }
        }
    }

    #[test]
    fn the_error_is_that_of_the_farthest_point() {
        let law = Usl { lambda: 2.0, sigma: 0.0, kappa: 0.0 };
        assert!(near(law.error(&[(1, 2.0), (2, 5.0), (4, 7.9)]), 0.2, 1e-9));
    }

    #[test]
    fn the_knee_is_where_throughput_is_highest() {
        let law = Usl { lambda: 1.0, sigma: 0.1, kappa: 0.001 };
        let knee = law.knee().unwrap();
        assert!(near(knee, 30.0, 1e-9));
        assert!(law.rate(knee) > law.rate(knee - 1.0) && law.rate(knee) > law.rate(knee + 1.0));
        assert_eq!(Usl { kappa: 0.0, ..law }.knee(), None);
        assert_eq!(Usl { sigma: 2.0, ..law }.knee(), Some(1.0), "one thread is best");
        assert_eq!(Usl { sigma: 1.2, kappa: 0.0, ..law }.knee(), Some(1.0), "one thread is best");
    }

    #[test]
    fn noise_moves_the_numbers_a_little_and_they_stay_possible() {
        let law = Usl { lambda: 5.0, sigma: 0.05, kappa: 0.001 };
        let found = Usl::fit(&points(law, 0.01, &[1, 2, 4, 8, 16, 32, 64])).unwrap();
        assert!(
            near(found.lambda, 5.0, 0.05) && near(found.knee().unwrap(), law.knee().unwrap(), 0.1),
            "{found:?}"
        );
        // Faster than linear: no law with positive numbers fits, so the best one is linear.
        let faster = Usl::fit(&[(1, 1.0), (2, 2.2), (4, 4.8), (8, 11.0)]).unwrap();
        assert_eq!((faster.sigma, faster.kappa), (0.0, 0.0));
    }

    #[test]
    fn three_thread_counts_are_too_few() {
        assert_eq!(Usl::fit(&[(1, 1.0), (2, 2.0), (4, 3.0)]), None);
        assert_eq!(Usl::fit(&[]), None);
    }
}
