//! The only place that names concrete stages: puts the parts together.

pub mod publisher;
pub mod serve;
pub mod speech;
mod triggers;

use crate::assistant::{Assistant, Content};
use crate::config::{Config, Engine};
use crate::conversation;
use crate::domain::Language;
use crate::evaluation::{Question, fit, golden};
use crate::inference::bert::{Bert, LoadError};
use crate::inference::int8::{self, Int8Bert};
use crate::inference::{Embedding, Encode, EncodeError, Purpose, Remembering};
use crate::knowledge::{self, Finding, Knowledge, Severity, Source};
use crate::models::ModelFiles;
use crate::retrieval::calibration::CalibrationError;
use crate::retrieval::{BuildError, Calibration, Mode, Retrieval, Vectors, calibration};
use crate::speech::SpeechError;
use crate::understanding::Comprehension;
use jiff::civil::Date;
use std::sync::Arc;

/// Why the parts cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] LoadError),
    /// The content cannot be read.
    #[error("cannot read the content: {0}")]
    Read(#[from] std::io::Error),
    /// The content has faults.
    #[error("the content has {} errors, the first is: {}: run `neuvo kb check`", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Content(Vec<Finding>),
    /// The calibration cannot be used.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The calibration of the conversation cannot be used.
    #[error(transparent)]
    Conversation(#[from] conversation::calibration::CalibrationError),
    /// The index cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A text cannot be embedded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Hearing and speaking cannot be had.
    #[error(transparent)]
    Speech(#[from] SpeechError),
}

/// Loads the encoder that the configuration names.
///
/// # Errors
/// Where it cannot be loaded.
pub fn encoder(config: &Config) -> Result<Arc<dyn Encode>, AppError> {
    let files = ModelFiles::open(&config.model.folder).map_err(LoadError::from)?;
    Ok(match config.model.engine {
        Engine::Int8 => Arc::new(Int8Bert::load(&files, int8::Options { kernel: config.model.kernel, threads_n: 0 })?),
        Engine::F32 => Arc::new(Bert::load(&files)?),
    })
}

/// Reads and checks the content as of a day.
///
/// # Errors
/// Where it cannot be read or has errors.
pub fn knowledge(config: &Config, day: Date) -> Result<Arc<Knowledge>, AppError> {
    checked(&Source::read(&config.content.root)?, day)
}

/// Reads the calibration; content without one has even weights and refuses most.
///
/// # Errors
/// Where it cannot be read or belongs to another version of the program.
pub fn calibration(config: &Config) -> Result<Calibration, AppError> {
    let path = config.content.root.join(calibration::PATH);
    if !path.try_exists()? {
        return Ok(Calibration::unfitted());
    }
    Ok(Calibration::parse(&fs_err::read_to_string(&path)?)?)
}

/// Builds everything that answers: reads the content, embeds what is new, indexes, learns.
///
/// # Errors
/// Where any of it fails; what answered before is not touched.
pub fn content(config: &Config, vectors: &Vectors, day: Date) -> Result<Content, AppError> {
    of(config, vectors, knowledge(config, day)?)
}

fn of(config: &Config, vectors: &Vectors, knowledge: Arc<Knowledge>) -> Result<Content, AppError> {
    let calibration = calibration(config)?;
    let asked = Remembering::new(Arc::clone(vectors.encoder()), config.model.question_cache_bytes_max);
    let asked: Arc<dyn Encode> = Arc::new(asked);
    let (understanding, retrieval) = stages(&knowledge, calibration, vectors, asked)?;
    Ok(Content {
        knowledge,
        understanding: Box::new(understanding),
        retrieval: Box::new(retrieval),
        conversation: conversation(&Source::read(&config.content.root)?)?,
    })
}

/// Reads the calibration of the conversation; content without one goes by the models as they are.
///
/// # Errors
/// Where it belongs to another version of the program.
pub fn conversation(source: &Source) -> Result<conversation::Calibration, AppError> {
    let text = source.file(conversation::calibration::PATH);
    Ok(text.map(conversation::Calibration::parse).transpose()?.unwrap_or_default())
}

/// Builds the stages that learn from content; `asked` embeds what citizens ask.
///
/// # Errors
/// Where a text cannot be embedded or the index not be built.
pub fn stages(
    knowledge: &Arc<Knowledge>,
    calibration: Calibration,
    vectors: &Vectors,
    asked: Arc<dyn Encode>,
) -> Result<(Comprehension, Retrieval), AppError> {
    let stages = learn(knowledge, calibration, vectors, asked)?;
    vectors.save();
    Ok(stages)
}

/// Builds the same without writing the cache of vectors.
fn learn(
    knowledge: &Arc<Knowledge>,
    calibration: Calibration,
    vectors: &Vectors,
    asked: Arc<dyn Encode>,
) -> Result<(Comprehension, Retrieval), AppError> {
    let embed = |texts: &[String]| -> Result<Vec<Embedding>, EncodeError> {
        let queries: Vec<_> = texts.iter().map(|text| (Purpose::Query, text.clone())).collect();
        vectors.of(&queries)
    };
    let (understanding, retrieval) = beside(
        || Comprehension::learn(knowledge, asked, &embed, &|name| vectors.beside(name)),
        || Retrieval::build(Arc::clone(knowledge), vectors, calibration),
    );
    Ok((understanding?, retrieval?))
}

/// The configured model and, beside that, the content: with what was learnt, all that answers.
///
/// # Errors
/// Where any part of it cannot be had.
pub fn loaded(config: &Config, day: Date) -> Result<(Vectors, Content), AppError> {
    let vectors = || Ok::<_, AppError>(Vectors::cached(encoder(config)?, &config.data.folder));
    let (knowledge, vectors) = beside(|| knowledge(config, day), vectors);
    let vectors = vectors?;
    let content = of(config, &vectors, knowledge?)?;
    Ok((vectors, content))
}

/// Does two things at once, the first on a thread of its own. Not on rayon's: whoever waits there takes up other work, which may want what the
/// waiting one holds.
pub(crate) fn beside<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// An assistant over the configured content and model.
///
/// # Errors
/// Where any part of it cannot be had.
pub fn assistant(config: &Config, day: Date) -> Result<Assistant, AppError> {
    Ok(Assistant::new(loaded(config, day)?.1))
}

/// Checks content that was read.
///
/// # Errors
/// Where it has errors.
pub fn checked(source: &Source, day: Date) -> Result<Arc<Knowledge>, AppError> {
    let loaded = knowledge::read(source, day);
    loaded.knowledge.map(Arc::new).ok_or_else(|| {
        let errors = loaded.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        AppError::Content(errors.collect())
    })
}

/// An assistant over content that was read, which remembers the vectors of its golden questions.
///
/// # Errors
/// Where any part of it cannot be had.
pub fn over(config: &Config, source: &Source, day: Date) -> Result<Assistant, AppError> {
    let vectors = Vectors::cached(encoder(config)?, &config.data.folder);
    let knowledge = checked(source, day)?;
    let calibration = match source.file(calibration::PATH) {
        Some(text) => Calibration::parse(text)?,
        None => Calibration::unfitted(),
    };
    let asked = Arc::new(Remembering::new(Arc::clone(vectors.encoder()), GOLDEN_BYTES_MAX));
    let shared: Arc<dyn Encode> = Arc::clone(&asked) as _;
    let (understanding, retrieval) = learn(&knowledge, calibration, &vectors, shared)?;
    vectors.save();
    let questions = golden::questions(&knowledge);
    let texts: Vec<_> =
        golden::utterances(&questions).map(|(_, utterance)| (Purpose::Query, utterance.as_str().to_owned())).collect();
    for ((purpose, text), vector) in texts.iter().zip(vectors.of(&texts)?) {
        asked.remember(*purpose, text, vector);
    }
    let (understanding, retrieval) = (Box::new(understanding), Box::new(retrieval));
    Ok(Assistant::new(Content { knowledge, understanding, retrieval, conversation: conversation(source)? }))
}

/// An assistant over the content folder, with its golden questions.
///
/// # Errors
/// Where any part of it cannot be had.
pub fn golden(config: &Config, day: Date) -> Result<(Assistant, Vec<Question>), AppError> {
    let assistant = over(config, &Source::read(&config.content.root)?, day)?;
    let questions = golden::questions(&assistant.content().knowledge);
    Ok((assistant, questions))
}

/// Bytes for the vectors of golden questions.
const GOLDEN_BYTES_MAX: u64 = 64 << 20;

/// A mode of retrieval with the share of right answers in each group of questions.
pub type Compared = (Mode, Vec<(String, f64)>);

/// For each mode of retrieval and each language: the share of questions whose right topic comes first.
///
/// # Errors
/// Where the parts cannot be had.
pub fn compare(config: &Config, set: &[Question], day: Date) -> Result<Vec<Compared>, AppError> {
    let vectors = Vectors::cached(encoder(config)?, &config.data.folder);
    let knowledge = knowledge(config, day)?;
    let calibration = calibration(config)?;
    let (understanding, retrieval) = stages(&knowledge, calibration, &vectors, Arc::clone(vectors.encoder()))?;
    let by_language = Language::ALL.map(|language| {
        let of_language: Vec<Question> = set.iter().filter(|q| q.language == language).cloned().collect();
        (language, fit::rank(&knowledge, &understanding, &retrieval, (0, &of_language), day))
    });
    let share = |mode: Mode, tuned: &[_]| fit::top_1(retrieval.calibration(), tuned, mode);
    Ok(Mode::ALL
        .into_iter()
        .map(|mode| {
            let shares = by_language.iter().map(|(language, tuned)| (language.to_string(), share(mode, tuned)));
            (mode, shares.collect())
        })
        .collect())
}
