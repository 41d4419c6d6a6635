//! The search for what an encoding says: beams over the decoder's tokens, the same every time.
//!
//! whisper.cpp's own beam search draws its candidates by chance, also at temperature zero, so that the same recording is understood
//! differently from time to time and worse than need be. Here each beam goes on with its likeliest tokens. The decoder keeps one sequence;
//! beams share most of theirs, and only where they part is decoded again.

use super::decode::Abandoned;
use super::spelling::{Spellings, Spelt};
use super::trust::Hypothesis;
use crate::domain::Language;
use std::collections::HashSet;
use whisper_rs::{WhisperContext, WhisperError, WhisperState};

/// A beam that is so much less likely than the best one is given up.
const BEHIND_MAX: f32 = 3.0;
/// How many ways to go on with a beam are looked at.
const LIKELIEST_N: usize = 12;
/// How much the spelling counts beside what is heard. Of 114 tuning questions over the telephone (`neuvo eval tests/questions/tune.tsv
/// --spoken 40`), the right topic came first for 42 without it, 42 at 0.08, 48 at 0.15.
const SPELLING_WEIGHT: f32 = 0.15;
/// What stands for sounds instead of words, or never in a transcript.
const NO_WORDS: &str = "\"#()*+/:;<=>@[\\]^_`{|}~「」『』♩♪♫♬♭♮♯";

/// The tokens that a transcript may have.
pub(crate) struct Vocabulary {
    /// By id: whether it is an ordinary token that may follow.
    allowed: Vec<bool>,
    /// What cannot begin a transcript: the space.
    blank: Option<i32>,
    end: i32,
}

impl Vocabulary {
    pub(crate) fn new(context: &WhisperContext) -> Self {
        let end = context.token_eot();
        let no_words: HashSet<char> = NO_WORDS.chars().collect();
        let text = |id: i32| context.token_to_bytes(id).unwrap_or_default();
        let is_word = |id: i32| {
            let text = String::from_utf8_lossy(text(id));
            !text.trim().is_empty() && !text.trim().chars().all(|c| no_words.contains(&c) || c == '-')
        };
        let blank = (0..end).find(|&id| text(id) == b" ");
        Self { allowed: (0..=end).map(|id| id == end || is_word(id)).collect(), blank, end }
    }
}

/// One way to go on.
#[derive(Clone)]
struct Beam {
    tokens: Vec<i32>,
    /// The sum of the tokens' log-probabilities.
    heard: f32,
    /// How it is spelt.
    spelt: Spelt,
}

impl Beam {
    /// What it is chosen by.
    fn score(&self) -> f32 {
        self.heard + SPELLING_WEIGHT * self.spelt.gain
    }

    /// A sum over the tokens, divided by how many they are, the end counted in.
    fn mean(&self, sum: f32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "some hundred tokens")]
        let tokens_n = (self.tokens.len() + 1) as f32;
        sum / tokens_n
    }
}

/// What is searched with.
pub(crate) struct Search<'a> {
    pub context: &'a WhisperContext,
    pub state: &'a mut WhisperState,
    pub vocabulary: &'a Vocabulary,
    pub spellings: &'a Spellings,
    pub language: Language,
    pub abandoned: &'a Abandoned,
    /// The sequence that the decoder holds.
    pub past: Vec<i32>,
}

impl Search<'_> {
    /// The best ways to go on after a beginning, best first; none where whoever waited has left.
    pub(crate) fn run(
        &mut self,
        begin: &[i32],
        beams_n: usize,
        tokens_max: usize,
    ) -> Result<Vec<Hypothesis>, WhisperError> {
        let mut beams = vec![Beam { tokens: Vec::new(), heard: 0.0, spelt: Spelt::default() }];
        let mut ended: Vec<Beam> = Vec::new();
        for _ in 0..tokens_max {
            let mut ways = Vec::new();
            for beam in &beams {
                if self.abandoned.is_set() {
                    return Ok(Vec::new());
                }
                let sequence = [begin, beam.tokens.as_slice()].concat();
                let first = beam.tokens.is_empty();
                for (token, log_probability) in self.likeliest(&sequence, first, LIKELIEST_N)? {
                    let heard = beam.heard + log_probability;
                    if token == self.vocabulary.end {
                        ended.push(Beam { heard, ..beam.clone() });
                    } else {
                        let bytes = self.context.token_to_bytes(token).unwrap_or_default();
                        let spelt = self.spellings.go_on(&beam.spelt, bytes, self.language);
                        ways.push(Beam { tokens: [beam.tokens.as_slice(), &[token]].concat(), heard, spelt });
                    }
                }
            }
            ways.sort_by(|a, b| b.score().total_cmp(&a.score()));
            ways.truncate(beams_n);
            let best = ways.first().map_or(f32::NEG_INFINITY, Beam::score);
            ways.retain(|way| way.score() > best - BEHIND_MAX);
            // The beam that shares the most with what the decoder holds comes first.
            let held = self.past.get(begin.len()..).unwrap_or_default();
            ways.sort_by_key(|way| std::cmp::Reverse(shared_n(held, &way.tokens)));
            beams = ways;
            ended.sort_by(|a, b| b.mean(b.score()).total_cmp(&a.mean(a.score())));
            let likely_n = ended.iter().filter(|end| end.score() > best - BEHIND_MAX).count();
            // What has not ended only gets less likely.
            let beaten = ended
                .first()
                .is_some_and(|end| end.score() > best && end.mean(end.score()) > best / (tokens_of(&beams) + 1.0));
            if beams.is_empty() || likely_n >= beams_n || beaten {
                break;
            }
        }
        if ended.is_empty() {
            ended = beams;
        }
        Ok(ended.into_iter().take(beams_n).map(|beam| self.hypothesis(&beam)).collect())
    }

    /// The likeliest tokens after a sequence, with their log-probabilities.
    fn likeliest(&mut self, sequence: &[i32], first: bool, n: usize) -> Result<Vec<(i32, f32)>, WhisperError> {
        let Some((last, before)) = sequence.split_last() else { return Ok(Vec::new()) };
        let shared = shared_n(&self.past, before);
        // whisper-rs gives the probabilities after the first token of a batch only: the last one goes alone.
        if let Some(rest) = before.get(shared..).filter(|rest| !rest.is_empty()) {
            self.state.decode(rest, shared, 1)?;
        }
        self.state.decode(&[*last], before.len(), 1)?;
        self.past = sequence.to_vec();
        let Vocabulary { allowed, blank, end } = self.vocabulary;
        let logits = self.state.get_logits()?;
        let may = |id: i32, allowed: bool| allowed && !(first && (id == *end || Some(id) == *blank));
        let ways = logits.iter().zip(allowed).zip(0..).filter(|((_, allowed), id)| may(*id, **allowed));
        let mut ways: Vec<(i32, f32)> = ways.map(|((logit, _), id)| (id, *logit)).collect();
        let largest = ways.iter().fold(f32::NEG_INFINITY, |largest, (_, logit)| largest.max(*logit));
        let sum: f32 = ways.iter().map(|(_, logit)| (logit - largest).exp()).sum();
        let n = n.min(ways.len());
        if n < ways.len() {
            ways.select_nth_unstable_by(n, |(_, a), (_, b)| b.total_cmp(a));
            ways.truncate(n);
        }
        Ok(ways.into_iter().map(|(id, logit)| (id, logit - largest - sum.ln())).collect())
    }

    fn hypothesis(&self, beam: &Beam) -> Hypothesis {
        let bytes = |&id: &i32| self.context.token_to_bytes(id).unwrap_or_default();
        let text: Vec<u8> = beam.tokens.iter().flat_map(bytes).copied().collect();
        Hypothesis { text: String::from_utf8_lossy(&text).trim().to_owned(), log_probability: beam.mean(beam.heard) }
    }
}

/// How many tokens two sequences begin with alike.
fn shared_n(a: &[i32], b: &[i32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// How long the beams are.
fn tokens_of(beams: &[Beam]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "some hundred tokens")]
    let tokens_n = beams.first().map_or(0, |beam| beam.tokens.len()) as f32;
    tokens_n
}
