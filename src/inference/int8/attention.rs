//! Attention of one text, all heads, in `f32`.

use super::level::{Level, Work, madd};
use super::math;

/// Numbers that are computed side by side.
const LANES: usize = 16;
/// Queries that are computed side by side.
const QUERIES: usize = 4;

/// Room for one head.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Keys on their sides: a row for each number of a head, as wide as there are tokens.
    keys: Vec<f32>,
    /// Values, each padded to whole lanes.
    values: Vec<f32>,
    /// Weights of [`QUERIES`] queries over the tokens.
    weights: Vec<f32>,
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
    fn run<L: Level>(mut self) {
        let tokens_n = self.qkv.len() / self.qkv_width;
        let wide = tokens_n.next_multiple_of(LANES);
        let padded = self.head_width.next_multiple_of(LANES);
        self.room.keys.clear();
        self.room.keys.resize(self.head_width * wide, 0.0);
        self.room.values.clear();
        self.room.values.resize(tokens_n * padded, 0.0);
        self.room.weights.resize(QUERIES * wide, 0.0);
        for head in 0..self.heads_n {
            self.gather(head, wide, padded);
            let mut first = 0;
            while first + QUERIES <= tokens_n {
                self.queries::<L, QUERIES>(head, first, tokens_n);
                first += QUERIES;
            }
            while first < tokens_n {
                self.queries::<L, 1>(head, first, tokens_n);
                first += 1;
            }
        }
    }
}

impl Attend<'_> {
    /// Lays out keys and values of one head for reading in order.
    #[inline(always)]
    fn gather(&mut self, head: usize, wide: usize, padded: usize) {
        let (at, hidden) = (head * self.head_width, self.heads_n * self.head_width);
        let rows = self.qkv.chunks_exact(self.qkv_width).zip(self.room.values.chunks_exact_mut(padded));
        for (token, (row, value)) in rows.enumerate() {
            let keys = row.iter().skip(hidden + at).take(self.head_width);
            for (key, column) in keys.zip(self.room.keys.chunks_exact_mut(wide)) {
                if let Some(to) = column.get_mut(token) {
                    *to = *key;
                }
            }
            let from = 2 * hidden + at;
            if let (Some(to), Some(from)) = (value.get_mut(..self.head_width), row.get(from..from + self.head_width)) {
                to.copy_from_slice(from);
            }
        }
    }

    /// Computes `N` queries from `first` on.
    #[inline(always)]
    fn queries<L: Level, const N: usize>(&mut self, head: usize, first: usize, tokens_n: usize) {
        let wide = tokens_n.next_multiple_of(LANES);
        let at = head * self.head_width;
        let mut queries: [&[f32]; N] = [&[]; N];
        for (query, row) in queries.iter_mut().zip(self.qkv.chunks_exact(self.qkv_width).skip(first)) {
            *query = row.get(at..at + self.head_width).unwrap_or_default();
        }
        let mut pair = 0;
        while pair + 2 <= wide / LANES {
            scores::<L, N, 2>(queries, &self.room.keys, wide, pair, &mut self.room.weights);
            pair += 2;
        }
        if pair < wide / LANES {
            scores::<L, N, 1>(queries, &self.room.keys, wide, pair, &mut self.room.weights);
        }
        #[expect(clippy::cast_precision_loss, reason = "a head has far fewer than 2^24 numbers")]
        let scale = 1.0 / (self.head_width as f32).sqrt();
        let mut inverses = [0.0_f32; N];
        for (row, inverse) in self.room.weights.chunks_exact_mut(wide).zip(&mut inverses) {
            let Some((real, padding)) = row.split_at_mut_checked(tokens_n) else { return };
            padding.fill(f32::MIN);
            let max = math::max_or(f32::MIN, real, |x| x);
            for x in row.iter_mut() {
                *x = math::exp::<L>((*x - max) * scale);
            }
            let Some((real, _)) = row.split_at_checked(tokens_n) else { return };
            *inverse = 1.0 / math::sum(real);
        }
        let padded = self.head_width.next_multiple_of(LANES);
        for lane in 0..padded / LANES {
            let mixed = mix::<L, N>(&self.room.weights, wide, &self.room.values, padded, lane);
            let at = at + lane * LANES;
            let numbers_n = LANES.min(self.head_width - lane * LANES);
            let rows = self.out.chunks_exact_mut(self.out_width).skip(first);
            for ((row, mixed), inverse) in rows.zip(mixed).zip(inverses) {
                for (to, x) in row.iter_mut().skip(at).take(numbers_n).zip(mixed) {
                    *to = x * inverse;
                }
            }
        }
    }
}

/// Products of `N` queries with the keys of `W` times 16 tokens.
#[inline(always)]
fn scores<L: Level, const N: usize, const W: usize>(
    queries: [&[f32]; N],
    keys: &[f32],
    wide: usize,
    lane: usize,
    to: &mut [f32],
) {
    let mut sums = [[[0.0_f32; LANES]; W]; N];
    let mut queries = queries.map(|query| query.iter());
    for row in keys.chunks_exact(wide) {
        let Some(keys) = row.as_chunks::<LANES>().0.get(lane..lane + W) else { return };
        for (query, sums) in queries.iter_mut().zip(&mut sums) {
            let Some(&q) = query.next() else { return };
            for (sums, keys) in sums.iter_mut().zip(keys) {
                for (sum, key) in sums.iter_mut().zip(keys) {
                    *sum = madd::<L>(q, *key, *sum);
                }
            }
        }
    }
    for (row, sums) in to.chunks_exact_mut(wide).zip(&sums) {
        for (to, sums) in row.as_chunks_mut::<LANES>().0.iter_mut().skip(lane).zip(sums) {
            *to = *sums;
        }
    }
}

/// 16 numbers of the values of all tokens, weighted for `N` queries.
#[inline(always)]
fn mix<L: Level, const N: usize>(
    weights: &[f32],
    wide: usize,
    values: &[f32],
    padded: usize,
    lane: usize,
) -> [[f32; LANES]; N] {
    let mut sums = [[0.0_f32; LANES]; N];
    let mut rows: [&[f32]; N] = [&[]; N];
    for (row, weights) in rows.iter_mut().zip(weights.chunks_exact(wide)) {
        *row = weights;
    }
    let mut rows = rows.map(|row| row.iter());
    for value in values.chunks_exact(padded) {
        let Some(value) = value.as_chunks::<LANES>().0.get(lane) else { return sums };
        for (row, sums) in rows.iter_mut().zip(&mut sums) {
            let weight = row.next().copied().unwrap_or_default();
            for (sum, x) in sums.iter_mut().zip(value) {
                *sum = madd::<L>(weight, *x, *sum);
            }
        }
    }
    sums
}
