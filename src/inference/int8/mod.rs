//! The encoder for the hot path: whole-number matrix products in the instructions of the processor, nothing padded.
//!
//! Weights of 4 bits stay so, others are rounded to 8; activations are rounded to 8 bits, 128 sharing a scale. Products of 32 weights and
//! activations are exact whole numbers and the same on every processor; what is done with them is `f32`. In reading order: [`lines`] says
//! how weights lie in memory, [`rows`] and [`attention`] are the other steps of a layer, [`forward`] puts them together, [`kernel`]
//! chooses the instructions, [`x86`] has them and [`portable`] does without.

mod attention;
pub mod dense;
mod forward;
mod kernel;
mod level;
mod lines;
mod load;
mod math;
mod nearest;
mod op;
mod portable;
mod rows;
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use kernel::{Kernel, NoKernel};
pub use nearest::Neighbours;
pub use op::HiddenStates;

use crate::inference::bert::{LoadError, TOKENS_MAX};
use crate::inference::encoder::{Embedding, Encode, EncodeError, Purpose};
use crate::inference::unigram::Tokens;
use crate::inference::weights;
use crate::models::ModelFiles;
use forward::{Core, Scratch};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Mutex, PoisonError};

/// Tokens of short texts that go through the layers together, so that weights are read once for all.
const STACK_TOKENS_MAX: usize = 60;
/// Changes whenever the same weights give other embeddings.
const VERSION: &str = "int8-2";

/// A BERT-type encoder in whole numbers.
pub struct Int8Bert {
    core: Arc<Core>,
    tokens: Tokens,
    tokens_max: usize,
    fingerprint: String,
    threads: ThreadPool,
    /// Room that is not in use, as often as texts were embedded at once.
    scratch: Mutex<Vec<Scratch>>,
}

/// What an encoder is loaded with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The instructions.
    pub kernel: Kernel,
    /// Threads for batches; 0 takes as many as there are cores.
    pub threads_n: usize,
}

impl Int8Bert {
    /// Loads a model folder.
    ///
    /// # Errors
    /// Where files are missing or do not fit each other, or the processor does not have the kernel.
    pub fn load(files: &ModelFiles, options: Options) -> Result<Self, LoadError> {
        let core = load::load(files, options.kernel.resolve()?)?;
        let threads =
            ThreadPoolBuilder::new().num_threads(options.threads_n).thread_name(|n| format!("embed-{n}")).build()?;
        Ok(Self {
            core: Arc::new(core),
            tokens: Tokens::load(files)?,
            tokens_max: TOKENS_MAX.min(files.config.tokens_max()),
            fingerprint: format!("{VERSION} {}", weights::fingerprint(files)?),
            threads,
            scratch: Mutex::default(),
        })
    }

    /// The instructions in use.
    pub fn kernel(&self) -> Kernel {
        self.core.kernel
    }

    /// Bytes of the weights in memory.
    pub fn weights_bytes_n(&self) -> usize {
        self.core.bytes_n()
    }

    /// The layers as one operation on candle tensors.
    pub fn hidden_states(&self) -> HiddenStates {
        HiddenStates::new(Arc::clone(&self.core))
    }

    /// The token ids of a text, the special ones included.
    ///
    /// # Errors
    /// Where the tokenizer refuses it.
    pub fn ids(&self, purpose: Purpose, text: &str) -> Result<Vec<u32>, EncodeError> {
        self.tokens.ids(&format!("{}{text}", purpose.prefix()), self.tokens_max)
    }

    /// Embeds texts that are tokens already, one after the other on this thread.
    ///
    /// # Errors
    /// Where a token is not in the vocabulary.
    pub fn embed(&self, texts: &[&[u32]]) -> Result<Vec<Embedding>, EncodeError> {
        let free = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = free().pop().unwrap_or_default();
        let ids = texts.concat();
        let lengths: Vec<usize> = texts.iter().map(|ids| ids.len()).collect();
        let embeddings = self.core.forward(&ids, &lengths, &mut scratch)?;
        free().push(scratch);
        Ok(embeddings.into_iter().map(|numbers| Embedding::new(numbers, self.core.hidden)).collect())
    }
}

impl Encode for Int8Bert {
    fn dims(&self) -> usize {
        self.core.hidden
    }

    fn layers_n(&self) -> usize {
        self.core.layers_n()
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn encode(&self, purpose: Purpose, text: &str) -> Result<Embedding, EncodeError> {
        let embedded = self.embed(&[&self.ids(purpose, text)?])?;
        embedded.into_iter().next().ok_or_else(|| EncodeError::Tokenizer("no text was given".to_owned()))
    }

    fn encode_all(&self, texts: &[(Purpose, String)]) -> Result<Vec<Embedding>, EncodeError> {
        self.threads.install(|| {
            let ids: Vec<Vec<u32>> =
                texts.par_iter().map(|(purpose, text)| self.ids(*purpose, text)).collect::<Result<_, _>>()?;
            // The longest first, so that no thread is left with a long one at the end.
            let mut order: Vec<(usize, &[u32])> = ids.iter().map(Vec::as_slice).enumerate().collect();
            order.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
            let embedded: Vec<Vec<Embedding>> = stacks(&order)
                .par_iter()
                .with_max_len(1)
                .map(|stack| self.embed(&stack.iter().map(|(_, ids)| *ids).collect::<Vec<_>>()))
                .collect::<Result<_, _>>()?;
            let mut in_order: Vec<(usize, Embedding)> =
                order.iter().map(|(at, _)| *at).zip(embedded.into_iter().flatten()).collect();
            in_order.sort_by_key(|(at, _)| *at);
            Ok(in_order.into_iter().map(|(_, embedding)| embedding).collect())
        })
    }
}

/// Cuts texts into runs of at most [`STACK_TOKENS_MAX`] tokens; a longer one is a run of its own.
fn stacks<'a, 'b>(texts: &'a [(usize, &'b [u32])]) -> Vec<&'a [(usize, &'b [u32])]> {
    let mut stacks = Vec::new();
    let mut rest = texts;
    while !rest.is_empty() {
        let mut tokens_n = 0;
        let fitting = rest.iter().take_while(|(_, ids)| {
            tokens_n += ids.len();
            tokens_n <= STACK_TOKENS_MAX
        });
        let (stack, following) = rest.split_at_checked(fitting.count().max(1)).unwrap_or((rest, &[]));
        stacks.push(stack);
        rest = following;
    }
    stacks
}

#[cfg(test)]
mod tests;
