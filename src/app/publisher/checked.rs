//! Content that was read and checked, and which of it a start takes.

use crate::app::{self, AppError};
use crate::config::Config;
use crate::conversation;
use crate::domain::ContentVersion;
use crate::knowledge::{self, Finding, Knowledge, Severity, Source, Versions};
use crate::retrieval::{Calibration, calibration};
use jiff::civil::Date;
use std::sync::Arc;

/// Checked content that is not built yet.
pub(super) struct Checked {
    pub(super) source: Source,
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) calibration: Calibration,
    pub(super) conversation: conversation::Calibration,
    pub(super) findings: Vec<Finding>,
}

/// The content of a start, and the version that the content folder holds.
pub(super) fn first(config: &Config, versions: &Versions, day: Date) -> Result<(Checked, ContentVersion), AppError> {
    let source = Source::read(&config.content.root)?;
    let folder = source.version();
    let record = versions.record().unwrap_or_else(|error| {
        tracing::warn!(%error, "the record of kept versions cannot be read: the content folder is taken");
        knowledge::versions::Record::default()
    });
    let kept = || record.current.as_deref().and_then(|version| versions.open(version).ok().flatten());
    let is_rolled_back =
        record.folder.as_deref() == Some(folder.as_str()) && record.current.as_deref() != Some(folder.as_str());
    if is_rolled_back && let Some(checked) = kept().and_then(|source| check(source, day).ok()) {
        tracing::warn!(content.version = %checked.knowledge.version, "the content stays rolled back: reload to take the folder's");
        return Ok((checked, folder));
    }
    match check(source, day) {
        Ok(checked) => Ok((checked, folder)),
        Err(error) => {
            let Some(checked) = kept().and_then(|source| check(source, day).ok()) else { return Err(error) };
            tracing::error!(%error, "the content folder is refused: version {} answers on", checked.knowledge.version);
            Ok((checked, folder))
        }
    }
}

/// Checks content and reads its calibration.
pub(super) fn check(source: Source, day: Date) -> Result<Checked, AppError> {
    let loaded = knowledge::read(&source, day);
    let Some(knowledge) = loaded.knowledge else {
        let errors = loaded.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        return Err(AppError::Content(errors.collect()));
    };
    let calibration = match source.file(calibration::PATH) {
        Some(text) => Calibration::parse(text)?,
        None => Calibration::unfitted(),
    };
    let conversation = app::conversation(&source)?;
    Ok(Checked { source, knowledge: Arc::new(knowledge), calibration, conversation, findings: loaded.findings })
}
