//! The pieces of a vocabulary as a trie in one hash table, and the best path through a word.

/// No piece ends here; no way leads here.
const NONE: u32 = u32::MAX;
/// How much worse than the worst piece an unknown character is, as in `SentencePiece`.
const UNKNOWN_PENALTY: f64 = 10.0;

/// All pieces, found byte by byte.
pub(super) struct Pieces {
    /// Open addressing: `parent << 8 | byte` and the child; no child is the root, so 0 marks what is free.
    table: Vec<(u32, u32)>,
    /// How far a hash is shifted to give a place in the table.
    shift: u32,
    /// The piece that ends at each node.
    ids: Vec<u32>,
    scores: Vec<f64>,
    unknown: u32,
    unknown_score: f64,
}

/// The best path to one place in a word.
#[derive(Clone, Copy)]
struct Best {
    score: f64,
    from: u32,
    id: u32,
}

impl Pieces {
    /// None where there are too many, or the unknown one is not among them.
    pub(super) fn new<'a>(pieces: impl Iterator<Item = (&'a str, f64)>, unknown: u32) -> Option<Self> {
        let mut new = Self {
            table: vec![(0, 0); 1 << 10],
            shift: 64 - 10,
            ids: vec![NONE],
            scores: Vec::new(),
            unknown,
            unknown_score: f64::INFINITY,
        };
        for (text, score) in pieces {
            let mut node = 0;
            for byte in text.bytes() {
                node = new.child_or_new(node, byte)?;
            }
            *new.ids.get_mut(node as usize)? = u32::try_from(new.scores.len()).ok()?;
            new.scores.push(score);
            new.unknown_score = new.unknown_score.min(score);
        }
        // An empty piece could never end a path.
        *new.ids.first_mut()? = NONE;
        new.unknown_score -= UNKNOWN_PENALTY;
        new.ids.shrink_to_fit();
        new.scores.get(unknown as usize).is_some().then_some(new)
    }

    /// Cuts a word into the pieces with the greatest sum of scores; neighbouring unknown characters are one token.
    pub(super) fn cut(&self, word: &str, ids: &mut Vec<u32>) {
        let bytes = word.as_bytes();
        let mut best = vec![Best { score: 0.0, from: NONE, id: NONE }; bytes.len() + 1];
        for (start, c) in word.char_indices() {
            let score_here = best.get(start).map_or(0.0, |best| best.score);
            let mut offer = |end: usize, id: u32, score: f64| {
                let score = score + score_here;
                if let (Some(best), Ok(from)) = (best.get_mut(end), u32::try_from(start))
                    && (best.from == NONE || score > best.score)
                {
                    *best = Best { score, from, id };
                }
            };
            let mut node = 0;
            let mut is_known = false;
            for (end, byte) in bytes.iter().enumerate().skip(start) {
                let Some(child) = self.child(node, *byte) else { break };
                node = child;
                let id = self.ids.get(node as usize).copied().unwrap_or(NONE);
                if let Some(score) = self.scores.get(id as usize) {
                    offer(end + 1, id, *score);
                    is_known |= end + 1 == start + c.len_utf8();
                }
            }
            if !is_known {
                offer(start + c.len_utf8(), self.unknown, self.unknown_score);
            }
        }
        self.trace(word, &best, ids);
    }

    /// Walks the best path back from its end.
    fn trace(&self, word: &str, best: &[Best], ids: &mut Vec<u32>) {
        let first = ids.len();
        let mut end = word.len();
        // Where the run of unknown characters that is being walked ends.
        let mut unknown_end = None;
        while let Some(step) = best.get(end).filter(|_| end > 0) {
            if step.id == self.unknown {
                unknown_end = unknown_end.or(Some(end));
            } else {
                if let Some(to) = unknown_end.take() {
                    ids.push(self.whole(word.get(end..to).unwrap_or_default()));
                }
                ids.push(step.id);
            }
            end = step.from as usize;
        }
        if let Some(to) = unknown_end {
            ids.push(self.whole(word.get(..to).unwrap_or_default()));
        }
        if let Some(new) = ids.get_mut(first..) {
            new.reverse();
        }
    }

    /// The piece that a run of unknown characters is, which is hardly ever one.
    fn whole(&self, run: &str) -> u32 {
        let node = run.bytes().try_fold(0, |node, byte| self.child(node, byte));
        let id = node.and_then(|node| self.ids.get(node as usize)).copied().unwrap_or(NONE);
        if id == NONE { self.unknown } else { id }
    }

    fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let key = node << 8 | u32::from(byte);
        let mut at = self.place(key);
        loop {
            match self.table.get(at) {
                Some((_, 0)) | None => return None,
                Some((found, child)) if *found == key => return Some(*child),
                Some(_) => at = (at + 1) & (self.table.len() - 1),
            }
        }
    }

    fn child_or_new(&mut self, node: u32, byte: u8) -> Option<u32> {
        if let Some(child) = self.child(node, byte) {
            return Some(child);
        }
        let child = u32::try_from(self.ids.len()).ok().filter(|child| *child < 1 << 24)?;
        if self.table.len() * 5 < self.ids.len() * 8 {
            self.grow();
        }
        self.put(node << 8 | u32::from(byte), child);
        self.ids.push(NONE);
        Some(child)
    }

    fn put(&mut self, key: u32, child: u32) {
        let mut at = self.place(key);
        let mask = self.table.len() - 1;
        while self.table.get(at).is_some_and(|(_, child)| *child != 0) {
            at = (at + 1) & mask;
        }
        if let Some(slot) = self.table.get_mut(at) {
            *slot = (key, child);
        }
    }

    fn grow(&mut self) {
        let bigger = vec![(0, 0); self.table.len() * 2];
        self.shift -= 1;
        for (key, child) in std::mem::replace(&mut self.table, bigger) {
            if child != 0 {
                self.put(key, child);
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves as many bits as the table has")]
    fn place(&self, key: u32) -> usize {
        (u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// Bytes in memory.
    pub(super) fn bytes_n(&self) -> usize {
        self.table.len() * 8 + self.ids.len() * 4 + self.scores.len() * 8
    }
}
