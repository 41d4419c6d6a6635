//! Attention of one text, all heads, in `f32`.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for the plainest processor")]

use super::level::{LANES, Level, Work};
use super::math;

/// Queries that are computed side by side.
const QUERIES: usize = 4;

/// 16 numbers.
type Part = [f32; LANES];

/// Room for one head.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// For each 16 tokens, a part for each number of a head: the keys on their sides.
    keys: Vec<Part>,
    /// For each 16 numbers of a head, a part for each token.
    values: Vec<Part>,
    /// The numbers of [`QUERIES`] queries.
    queries: Vec<[f32; QUERIES]>,
    /// For each 16 tokens, a part for each query: scores first, then weights.
    weights: Vec<[Part; QUERIES]>,
}

/// Queries, keys and values of one text go in, their mixture comes out.
pub(super) struct Attend<'a> {
    /// A row for each token: queries of all heads, then keys, then values.
    pub qkv: &'a [f32],
    /// How long a row of `qkv` is.
    pub qkv_width: usize,
    /// A row for each token.
    pub out: &'a mut [f32],
    /// How long a row of `out` is.
    pub out_width: usize,
    /// Heads.
    pub heads_n: usize,
    /// Numbers of a head.
    pub head_width: usize,
    /// Room for one head.
    pub room: &'a mut Room,
}

impl Work for Attend<'_> {
    #[inline(always)]
    fn run<L: Level>(mut self, l: L) {
        let tokens_n = self.qkv.len() / self.qkv_width;
        let parts_n = tokens_n.div_ceil(LANES);
        let Room { keys, values, queries, weights } = &mut *self.room;
        // What is beyond the last token and beyond the end of a head stays zero.
        keys.clear();
        keys.resize(parts_n * self.head_width, [0.0; LANES]);
        values.clear();
        values.resize(self.head_width.div_ceil(LANES) * parts_n * LANES, [0.0; LANES]);
        queries.resize(self.head_width, [0.0; QUERIES]);
        weights.resize(parts_n, [[0.0; LANES]; QUERIES]);
        for head in 0..self.heads_n {
            self.gather(head, parts_n);
            let mut first = 0;
            while first < tokens_n {
                self.four(l, head, first, tokens_n);
                first += QUERIES;
            }
        }
    }
}

impl Attend<'_> {
    /// Lays out keys and values of one head for reading in order.
    #[inline(always)]
    fn gather(&mut self, head: usize, parts_n: usize) {
        let (at, hidden) = (head * self.head_width, self.heads_n * self.head_width);
        let Room { keys, values, .. } = &mut *self.room;
        let of_parts = self.qkv.chunks(LANES * self.qkv_width).zip(keys.chunks_exact_mut(self.head_width));
        for (rows, keys) in of_parts {
            for (token, row) in rows.chunks_exact(self.qkv_width).enumerate() {
                let from = row.get(hidden + at..hidden + at + self.head_width).unwrap_or_default();
                for (to, key) in keys.iter_mut().filter_map(|part| part.get_mut(token)).zip(from) {
                    *to = *key;
                }
            }
        }
        for (token, row) in self.qkv.chunks_exact(self.qkv_width).enumerate() {
            let from = 2 * hidden + at;
            let value = row.get(from..from + self.head_width).unwrap_or_default();
            let of_token = values.iter_mut().skip(token).step_by(parts_n * LANES);
            for (to, numbers) in of_token.zip(value.chunks(LANES)) {
                match numbers.as_array() {
                    Some(numbers) => *to = *numbers,
                    None => to.iter_mut().zip(numbers).for_each(|(to, x)| *to = *x),
                }
            }
        }
    }

    /// Computes four queries from `first` on, as many of them as there are.
    #[inline(always)]
    fn four<L: Level>(&mut self, l: L, head: usize, first: usize, tokens_n: usize) {
        let at = head * self.head_width;
        let Room { keys, values, queries, weights } = &mut *self.room;
        for (n, row) in self.qkv.chunks_exact(self.qkv_width).skip(first).take(QUERIES).enumerate() {
            let query = row.get(at..at + self.head_width).unwrap_or_default();
            for (to, x) in queries.iter_mut().filter_map(|numbers| numbers.get_mut(n)).zip(query) {
                *to = *x;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a head has far fewer than 2^24 numbers")]
        let scale = l.splat(1.0 / (self.head_width as f32).sqrt());
        let (pairs, single) = keys.split_at(keys.len() / (2 * self.head_width) * 2 * self.head_width);
        let (weights_of_pairs, weights_of_single) = weights.as_chunks_mut::<2>();
        for (keys, weights) in pairs.chunks_exact(2 * self.head_width).zip(weights_of_pairs) {
            let (left, right) = keys.split_at(self.head_width);
            scores(l, queries, [left, right], scale, weights);
        }
        for (keys, weights) in single.chunks_exact(self.head_width).zip(weights_of_single.as_chunks_mut::<1>().0) {
            scores(l, queries, [keys], scale, weights);
        }
        if let Some(last) = weights.last_mut() {
            for part in last {
                for score in part.iter_mut().skip((tokens_n - 1) % LANES + 1) {
                    *score = -1e30;
                }
            }
        }
        let inverses = softmax(l, weights);
        let tokens_padded = weights.len() * LANES;
        let mut out = self.out.chunks_exact_mut(self.out_width).skip(first);
        let mut rows: [&mut [f32]; QUERIES] = [&mut [], &mut [], &mut [], &mut []];
        for row in &mut rows {
            if let Some(of_token) = out.next() {
                *row = of_token.get_mut(at..at + self.head_width).unwrap_or_default();
            }
        }
        let mut done = 0;
        for pair in values.chunks(2 * tokens_padded) {
            let (left, right) = pair.split_at(tokens_padded);
            if right.is_empty() {
                put(l, mix(l, weights, [left]), inverses, &mut rows, done);
            } else {
                put(l, mix(l, weights, [left, right]), inverses, &mut rows, done);
            }
            done += 2 * LANES;
        }
    }
}

/// The next part of each, which there always is. Not `map`, whose closures are not inlined.
#[inline(always)]
fn next_parts<'a, L: Level, const W: usize>(l: L, parts: &mut [impl Iterator<Item = &'a Part>; W]) -> [L::V; W] {
    let mut loaded = [l.splat(0.0); W];
    for (to, parts) in loaded.iter_mut().zip(parts) {
        if let Some(part) = parts.next() {
            *to = l.load(part);
        }
    }
    loaded
}

/// Scaled products of four queries with the keys of `W` times 16 tokens.
#[inline(always)]
fn scores<L: Level, const W: usize>(
    l: L,
    queries: &[[f32; QUERIES]],
    keys: [&[Part]; W],
    scale: L::V,
    to: &mut [[Part; QUERIES]; W],
) {
    let mut sums = [[l.splat(0.0); W]; QUERIES];
    let mut keys = keys.map(<[Part]>::iter);
    for query in queries {
        let keys = next_parts(l, &mut keys);
        for (sums, q) in sums.iter_mut().zip(query) {
            for (sum, keys) in sums.iter_mut().zip(keys) {
                *sum = l.madd(l.splat(*q), keys, *sum);
            }
        }
    }
    for (n, sums) in sums.into_iter().enumerate() {
        for (to, sum) in to.iter_mut().filter_map(|to| to.get_mut(n)).zip(sums) {
            l.store(l.mul(sum, scale), to);
        }
    }
}

/// Makes weights of scores, all but for a factor, which is given back.
#[inline(always)]
fn softmax<L: Level>(l: L, weights: &mut [[Part; QUERIES]]) -> [f32; QUERIES] {
    let mut maxima = [l.splat(f32::MIN); QUERIES];
    for parts in &*weights {
        for (max, part) in maxima.iter_mut().zip(parts) {
            *max = l.max(*max, l.load(part));
        }
    }
    for max in &mut maxima {
        *max = l.splat(l.greatest(*max));
    }
    let mut sums = [l.splat(0.0); QUERIES];
    for parts in weights {
        for ((sum, max), part) in sums.iter_mut().zip(maxima).zip(parts) {
            let weight = math::exp(l, l.sub(l.load(part), max));
            l.store(weight, part);
            *sum = l.add(*sum, weight);
        }
    }
    let mut inverses = [0.0; QUERIES];
    for (inverse, sum) in inverses.iter_mut().zip(sums) {
        *inverse = 1.0 / l.sum(sum);
    }
    inverses
}

/// `W` times 16 numbers of the values of all tokens, weighted for each query.
#[inline(always)]
fn mix<L: Level, const W: usize>(l: L, weights: &[[Part; QUERIES]], values: [&[Part]; W]) -> [[L::V; W]; QUERIES] {
    let mut sums = [[l.splat(0.0); W]; QUERIES];
    let mut values = values.map(|values| values.as_chunks::<LANES>().0.iter());
    for [a, b, c, d] in weights {
        let mut values = values.each_mut().map(|values| values.next().map(|v| v.iter()).unwrap_or_default());
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            let values = next_parts(l, &mut values);
            for (sums, weight) in sums.iter_mut().zip([a, b, c, d]) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = l.madd(l.splat(*weight), value, *sum);
                }
            }
        }
    }
    sums
}

/// Puts mixtures where they belong in the rows of the result.
#[inline(always)]
fn put<L: Level, const W: usize>(
    l: L,
    mixed: [[L::V; W]; QUERIES],
    inverses: [f32; QUERIES],
    rows: &mut [&mut [f32]; QUERIES],
    first: usize,
) {
    for ((row, parts), inverse) in rows.iter_mut().zip(mixed).zip(inverses) {
        let to = row.get_mut(first..).unwrap_or_default().chunks_mut(LANES);
        for (to, part) in to.zip(parts) {
            let scaled = l.mul(part, l.splat(inverse));
            if let Some(to) = to.as_mut_array() {
                l.store(scaled, to);
            } else {
                let mut all = [0.0; LANES];
                l.store(scaled, &mut all);
                to.iter_mut().zip(all).for_each(|(to, x)| *to = x);
            }
        }
    }
}
