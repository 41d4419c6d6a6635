//! Logistic models with few weights, fitted by gradient descent with momentum: deterministic, small, with an L2 penalty.

use crate::inference::linalg::{sigmoid, softmax};

/// One choice among alternatives: each alternative's features, and which were right.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Row-major: one row of features an alternative.
    pub features: Vec<f32>,
    /// The right alternatives; at least one.
    pub right: Vec<usize>,
    /// How much it counts beside the others.
    pub weight: f64,
}

/// Fits the conditional logit model (`McFadden` 1974): the probability of an alternative is proportional to `exp(weights · features)`.
pub fn fit_choices(choices: &[Choice], features_n: usize, penalty: f64) -> Vec<f32> {
    let gradient = |weights: &[f32]| {
        let mut sum = vec![0.0f64; features_n];
        for choice in choices {
            let mut p: Vec<f32> = choice.features.chunks_exact(features_n).map(|x| product(weights, x)).collect();
            softmax(&mut p);
            let right_sum: f32 = choice.right.iter().filter_map(|&at| p.get(at)).sum();
            for (at, (x, p)) in choice.features.chunks_exact(features_n).zip(&p).enumerate() {
                // Of several right alternatives, each is a target by its share.
                let target = if choice.right.contains(&at) { p / right_sum.max(1e-12) } else { 0.0 };
                for (sum, x) in sum.iter_mut().zip(x) {
                    *sum += choice.weight * f64::from((p - target) * x);
                }
            }
        }
        sum
    };
    descend(features_n, choices.iter().map(|choice| choice.weight).sum(), penalty, gradient)
}

/// Fits binary logistic regression; the last weight is the intercept and is not penalised.
pub fn fit_binary(rows: &[(Vec<f32>, bool)], features_n: usize, penalty: f64) -> Vec<f32> {
    let gradient = |weights: &[f32]| {
        let mut sum = vec![0.0f64; features_n + 1];
        for (x, right) in rows {
            let miss = predict_binary(weights, x) - if *right { 1.0 } else { 0.0 };
            for (sum, x) in sum.iter_mut().zip(x.iter().chain(&[1.0])) {
                *sum += f64::from(miss * x);
            }
        }
        sum
    };
    #[expect(clippy::cast_precision_loss, reason = "row counts are small")]
    let weight = rows.len() as f64;
    descend(features_n + 1, weight, penalty, gradient)
}

/// The probability by a binary model whose last weight is the intercept.
pub fn predict_binary(weights: &[f32], x: &[f32]) -> f32 {
    let intercept = weights.get(x.len()).copied().unwrap_or_default();
    sigmoid(product(weights, x) + intercept)
}

/// The sum of products over the shorter of two rows.
pub fn product(weights: &[f32], x: &[f32]) -> f32 {
    weights.iter().zip(x).map(|(w, x)| w * x).sum()
}

/// Adam (Kingma and Ba 2015) over the whole data, a fixed number of steps with a falling rate.
fn descend(weights_n: usize, rows_weight: f64, penalty: f64, gradient: impl Fn(&[f32]) -> Vec<f64>) -> Vec<f32> {
    const STEPS_N: u32 = 600;
    let scale = 1.0 / rows_weight.max(f64::MIN_POSITIVE);
    let mut weights = vec![0.0f32; weights_n];
    let (mut momentum, mut energy) = (vec![0.0f64; weights_n], vec![0.0f64; weights_n]);
    for step in 1..=STEPS_N {
        let rate = 0.1 * (1.0 - f64::from(step - 1) / f64::from(STEPS_N)) + 1e-3;
        let gradient = gradient(&weights);
        let bias = |decay: f64| 1.0 - decay.powi(i32::try_from(step).unwrap_or(i32::MAX));
        for (((w, m), v), g) in weights.iter_mut().zip(&mut momentum).zip(&mut energy).zip(gradient) {
            let g = g * scale + penalty * f64::from(*w);
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            let move_by = rate * (*m / bias(0.9)) / ((*v / bias(0.999)).sqrt() + 1e-8);
            #[expect(clippy::cast_possible_truncation, reason = "weights are small")]
            {
                *w -= move_by as f32;
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_feature_that_decides() {
        let choices: Vec<Choice> = (0u8..20)
            .map(|n| {
                let right = usize::from(n % 3);
                let noise = |at: usize| f32::from((n * 7 + u8::try_from(at).unwrap() * 5) % 11) / 11.0;
                let features = (0..3).flat_map(|at| [noise(at), if at == right { 1.0 } else { 0.0 }]).collect();
                Choice { features, right: vec![right], weight: 1.0 }
            })
            .collect();
        let weights = fit_choices(&choices, 2, 1e-3);
        assert!(weights[1] > 2.0 && weights[0].abs() < 1.0, "{weights:?}");
    }

    #[test]
    fn predicts_a_threshold() {
        let rows: Vec<(Vec<f32>, bool)> = (0u8..40).map(|n| (vec![f32::from(n) / 10.0], 20 <= n)).collect();
        let weights = fit_binary(&rows, 1, 1e-4);
        assert!(predict_binary(&weights, &[0.5]) < 0.1 && 0.9 < predict_binary(&weights, &[3.5]));
    }
}
