//! Lets content go live in a running service: reads, checks, embeds what is new, builds beside the old, asks the golden questions, swaps.
//!
//! What must be learnt from examples takes seconds, what must be indexed a fraction of one. So content goes live in two steps. The first
//! builds on what was learnt before, and answers from the new texts at once. Where examples or texts differ, the second learns anew in the
//! background and swaps again, with just what a start from the same content would have learnt: replicas agree whatever way they came, which
//! weights that were trained on from earlier ones would not. Content with other topics or intents has no first step.

mod checked;
mod clock;
mod live;

use crate::app::{self, AppError};
use crate::assistant::{Assistant, Content};
use crate::config::Config;
use crate::evaluation::{ask_all, golden};
use crate::inference::{Encode, Purpose, Remembering};
use crate::knowledge::versions::Kept;
use crate::knowledge::{Changes, Finding, Source, Versions, changes};
use crate::publication::{NotPublished, Publish, Published, State, Trigger};
use crate::retrieval::Vectors;
use checked::{Checked, check, first};
use clock::Clock;
use jiff::civil::Date;
use live::{Live, Unlearnt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use thread_priority::{ThreadPriority, set_current_thread_priority};

/// Golden questions of touched topics that are asked before content goes live.
const TOUCHED_MAX: usize = 120;
/// Golden questions of other topics that are asked before content goes live.
const OTHERS_MAX: usize = 40;
/// How many missed golden questions are told.
const MISSED_MAX: usize = 20;

/// Lets content go live.
pub struct Publisher {
    config: Config,
    vectors: Vectors,
    asked: Arc<Remembering>,
    versions: Versions,
    assistant: Arc<Assistant>,
    today: Today,
    live: Mutex<Live>,
    /// The version that the record named when it was last read or written here: only another one is news.
    recorded: Mutex<Option<String>>,
    /// Held while content is on its way, so that one thing goes live after the other.
    publishing: Mutex<()>,
    /// Builds on one thread, so that turns keep the others.
    building: rayon::ThreadPool,
    /// Learns behind what is live; new content does not wait for it.
    learning: rayon::ThreadPool,
    this: Weak<Self>,
}

/// Tells the day for which figures are given.
pub type Today = Box<dyn Fn() -> Date + Send + Sync>;

impl Publisher {
    /// Takes the content that a start takes: what was rolled back to, while the content folder still holds what was rolled back from, else the
    /// content folder; the version that was live last where the folder's has errors.
    ///
    /// The encoder is loaded while the content is read.
    ///
    /// # Errors
    /// Where neither can be had, or the encoder cannot.
    pub fn open(
        config: &Config,
        encoder: impl FnOnce() -> Result<Arc<dyn Encode>, AppError>,
        today: Today,
    ) -> Result<Arc<Self>, AppError> {
        let versions = Versions::new(&config.content.versions, config.content.versions_n_max);
        let day = today();
        let (content, encoder) = app::beside(|| first(config, &versions, day), encoder);
        let (encoder, (checked, folder)) = (encoder?, content?);
        let vectors = Vectors::cached(Arc::clone(&encoder), &config.data.folder);
        let asked = Arc::new(Remembering::new(encoder, config.model.question_cache_bytes_max));
        let shared: Arc<dyn Encode> = Arc::clone(&asked) as _;
        let stages = app::stages(&checked.knowledge, checked.calibration.clone(), &vectors, shared)?;
        let live = Live::learnt(&checked, stages);
        let thread = |name: &'static str| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(move |_| name.to_owned());
            let builder = builder.start_handler(|_| give_way());
            builder.build().map_err(std::io::Error::other)
        };
        let (building, learning) = (thread("content")?, thread("learning")?);
        let assistant = Arc::new(Assistant::new(live.content()));
        if let Err(error) = versions.keep(&checked.source, folder.as_str(), &Trigger::Start.to_string(), now()) {
            tracing::warn!(%error, "the content cannot be kept: it cannot be rolled back to");
        }
        let recorded = versions.record().ok().and_then(|record| record.current);
        Ok(Arc::new_cyclic(|this| Self {
            config: config.clone(),
            vectors,
            asked,
            versions,
            assistant,
            today,
            live: Mutex::new(live),
            recorded: Mutex::new(recorded),
            publishing: Mutex::new(()),
            building,
            learning,
            this: Weak::clone(this),
        }))
    }

    /// What answers.
    pub fn assistant(&self) -> &Arc<Assistant> {
        &self.assistant
    }

    /// Takes the version that another replica made live, if there is one.
    ///
    /// # Errors
    /// Where it cannot be had, or is refused here.
    pub fn follow(&self) -> Result<Option<Published>, NotPublished> {
        let record = self.versions.record().map_err(failed)?;
        let is_news = {
            let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
            let is_news = *recorded != record.current;
            recorded.clone_from(&record.current);
            is_news
        };
        match record.current {
            Some(version) if is_news && version != self.version() => {
                self.take(&version, Trigger::Follow, false).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn version(&self) -> String {
        self.assistant.content().knowledge.version.to_string()
    }

    fn take(&self, version: &str, trigger: Trigger, dry_run: bool) -> Result<Published, NotPublished> {
        let source = self.versions.open(version).map_err(failed)?;
        let source = source.ok_or_else(|| NotPublished::NoVersion(version.to_owned()))?;
        let mut clock = Clock::start();
        clock.step("read");
        self.publish(source, trigger, dry_run, clock)
    }

    fn publish(
        &self,
        source: Source,
        trigger: Trigger,
        dry_run: bool,
        mut clock: Clock,
    ) -> Result<Published, NotPublished> {
        let _publishing = self.wait(trigger)?;
        let live = self.live();
        let day = (self.today)();
        let checked = check(source, day).map_err(|error| match error {
            AppError::Content(findings) => NotPublished::Findings(findings),
            other => failed(other),
        })?;
        clock.step("check");
        let before = live.knowledge.version.to_string();
        let mut published = Published {
            state: State::Unchanged,
            version: checked.knowledge.version.to_string(),
            changes: Changes::between(&live.knowledge, &checked.knowledge),
            golden_n: 0,
            golden_top_1: 1.0,
            findings: checked.findings.clone(),
            took_ms: 0,
            steps: Vec::new(),
            before,
        };
        if published.version == published.before {
            (published.took_ms, published.steps) = clock.stop();
            return Ok(published);
        }
        let next = self.building.install(|| self.build(&live, &checked)).map_err(failed)?;
        clock.step("build");
        let content = Arc::new(next.content());
        let graded = self.building.install(|| self.ask(&content, &checked, &published.changes, day))?;
        (published.golden_n, published.golden_top_1) = graded;
        clock.step("golden questions");
        if dry_run {
            published.state = State::Checked;
            (published.took_ms, published.steps) = clock.stop();
            return Ok(published);
        }
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            self.assistant.swap(content);
            *live = next;
        }
        clock.step("swap");
        published.state = State::Live;
        (published.took_ms, published.steps) = clock.stop();
        tracing::info!(
            content.version = published.version,
            took_ms = published.took_ms,
            "content {} is live, by {trigger}, after {} ms",
            published.version,
            published.took_ms
        );
        self.settle(checked, trigger);
        Ok(published)
    }

    /// What answers now.
    fn live(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests are refused while other content is on its way; what nobody would repeat waits.
    fn wait(&self, trigger: Trigger) -> Result<MutexGuard<'_, ()>, NotPublished> {
        if trigger != Trigger::Request && trigger != Trigger::Rollback {
            return Ok(self.publishing.lock().unwrap_or_else(PoisonError::into_inner));
        }
        match self.publishing.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(NotPublished::Busy),
        }
    }

    fn build(&self, live: &Live, checked: &Checked) -> Result<Live, AppError> {
        let Checked { knowledge, calibration, .. } = checked;
        let (old, new) = (&live.knowledge, knowledge);
        if !changes::same_topics(old, new) || !changes::same_intents(old, new) {
            let asked: Arc<dyn Encode> = Arc::clone(&self.asked) as _;
            return Ok(Live::learnt(checked, app::learn(new, calibration.clone(), &self.vectors, asked)?));
        }
        let retrieval = live.retrieval.renewed(Arc::clone(new), &self.vectors, calibration.clone())?;
        let unlearnt = if changes::same_lessons(old, new) { Unlearnt::Texts } else { Unlearnt::Examples };
        // What is still to be learnt from the content before is not learnt any more: it falls to this.
        let unlearnt = unlearnt.max(live.unlearnt);
        let (conversation, understanding) = (checked.conversation.clone(), Arc::clone(&live.understanding));
        let retrieval = Arc::new(retrieval);
        Ok(Live { knowledge: Arc::clone(new), conversation, retrieval, understanding, unlearnt })
    }

    /// Asks golden questions of content that is not live yet.
    fn ask(
        &self,
        content: &Arc<Content>,
        checked: &Checked,
        changes: &Changes,
        day: Date,
    ) -> Result<(usize, f64), NotPublished> {
        let questions = golden::sample(&checked.knowledge, &changes.touched, TOUCHED_MAX, OTHERS_MAX);
        self.remember(&questions)?;
        let graded = ask_all(&Assistant::new(Arc::clone(content)), &questions, day);
        let recorded = checked
            .source
            .file(golden::PATH)
            .map(golden::Level::parse)
            .transpose()
            .map_err(|error| NotPublished::Findings(vec![Finding::error(golden::PATH, 0, error.message())]))?;
        let top_1 = golden::judge(&graded, &questions, recorded.as_ref(), MISSED_MAX).map_err(NotPublished::Golden)?;
        Ok((graded.len(), top_1))
    }

    /// The vectors of golden questions are known already: a turn need not compute them again.
    fn remember(&self, questions: &[crate::evaluation::Question]) -> Result<(), NotPublished> {
        let utterances: Vec<_> = golden::utterances(questions).map(|(_, utterance)| utterance).collect();
        let texts: Vec<_> =
            utterances.iter().map(|utterance| (Purpose::Query, utterance.as_str().to_owned())).collect();
        let vectors = self.vectors.of(&texts).map_err(failed)?;
        for ((purpose, text), vector) in texts.iter().zip(vectors) {
            self.asked.remember(*purpose, text, vector);
        }
        Ok(())
    }

    /// What may take longer, once the content answers: keeps it, and learns what was not learnt yet.
    fn settle(&self, checked: Checked, trigger: Trigger) {
        let (Some(keeper), Some(learner)) = (self.this.upgrade(), self.this.upgrade()) else { return };
        let checked = Arc::new(checked);
        let to_keep = Arc::clone(&checked);
        self.building.spawn(move || {
            if let Err(error) = keeper.keep(&to_keep.source, trigger) {
                tracing::warn!(%error, "the content cannot be kept: it cannot be rolled back to, and no replica follows");
            }
            keeper.vectors.save();
        });
        self.learning.spawn(move || {
            if let Err(error) = learner.learn(&checked) {
                tracing::warn!(%error, "the new examples cannot be learnt: what was learnt before is used");
            }
        });
    }

    fn keep(&self, source: &Source, trigger: Trigger) -> std::io::Result<()> {
        let version = source.version();
        let folder = match trigger {
            // A replica that follows finds everything kept already.
            Trigger::Follow => return Ok(()),
            Trigger::Rollback => Source::read(&self.config.content.root)?.version(),
            Trigger::Start | Trigger::Request | Trigger::Signal | Trigger::Watch => version.clone(),
        };
        self.versions.keep(source, folder.as_str(), &trigger.to_string(), now())?;
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.to_string());
        Ok(())
    }

    fn learn(&self, checked: &Checked) -> Result<(), AppError> {
        let version = &checked.knowledge.version;
        let is_live = |live: &Live| live.knowledge.version == *version;
        let live = self.live();
        if !is_live(&live) {
            return Ok(());
        }
        let next = match live.unlearnt {
            Unlearnt::Nothing => return Ok(()),
            Unlearnt::Texts => {
                let understanding = Arc::new(live.understanding.with_texts_of(&checked.knowledge));
                Live { understanding, unlearnt: Unlearnt::Nothing, ..live }
            }
            Unlearnt::Examples => {
                let asked: Arc<dyn Encode> = Arc::clone(&self.asked) as _;
                let calibration = checked.calibration.clone();
                Live::learnt(checked, app::learn(&checked.knowledge, calibration, &self.vectors, asked)?)
            }
        };
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        // Content that went live meanwhile learns for itself.
        if is_live(&live) {
            self.assistant.swap(next.content());
            *live = next;
            tracing::info!(content.version = %version, "content {version} was learnt anew");
        }
        Ok(())
    }
}

impl Publish for Publisher {
    fn reload(&self, trigger: Trigger, dry_run: bool) -> Result<Published, NotPublished> {
        let mut clock = Clock::start();
        let source = Source::read(&self.config.content.root).map_err(failed)?;
        clock.step("read");
        self.publish(source, trigger, dry_run, clock)
    }

    fn rollback(&self, version: &str, dry_run: bool) -> Result<Published, NotPublished> {
        self.take(version, Trigger::Rollback, dry_run)
    }

    fn history(&self) -> Result<(String, Vec<Kept>), NotPublished> {
        Ok((self.version(), self.versions.record().map_err(failed)?.kept))
    }
}

/// Lets threads that answer go before this one, where both want the same core: niceness is a thread's own on Linux.
fn give_way() {
    if let Err(error) = set_current_thread_priority(ThreadPriority::Min) {
        tracing::debug!(?error, "content is built at the priority of answers");
    }
}

fn failed(error: impl std::fmt::Display) -> NotPublished {
    NotPublished::Failed(error.to_string())
}

#[expect(clippy::disallowed_methods, reason = "tells editors since when a version is live")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
