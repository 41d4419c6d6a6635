//! `neuvo kb search`: the explain view.

use crate::app;
use crate::assistant::Understand as _;
use crate::cli::output;
use crate::config::Config;
use crate::domain::{Context, Language, Lookup, Utterance};
use crate::retrieval::Vectors;
use crate::retrieval::explain::{ExplainedFeature, Explanation};
use anyhow::{Context as _, Result};
use jiff::civil::Date;
use std::process::ExitCode;
use std::sync::Arc;

/// Features shown for each topic.
const FEATURES_SHOWN: usize = 6;

pub(super) fn run(config: &Config, words: &str, lang: Option<Language>, json: bool, day: Date) -> Result<ExitCode> {
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let knowledge = app::knowledge(config, day)?;
    let calibration = app::calibration(config)?;
    let (understanding, retrieval) = app::stages(&knowledge, calibration, &vectors, Arc::clone(vectors.encoder()))?;
    let utterance = Utterance::parse(words).context("cannot read the question")?;
    let understood = understanding.understand(&utterance, Context { hint: lang, ..Context::default() })?;
    let language = lang.unwrap_or(understood.language);
    let lookup = Lookup::of(understood.alone, language, day);
    let explanation = retrieval.explain(&lookup);
    let intent = understood.intent.map(|(intent, share)| (intent.as_str().to_owned(), share));
    if json {
        let report = serde_json::json!({
            "lang": language, "intent": intent, "guidance": lookup.guidance, "explanation": explanation,
        });
        output::line(&serde_json::to_string_pretty(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let heading = |text: &str| output::line(&format!("\n{}", output::styled(output::BOLD, text)));
    output::line(&format!("language {language}, guidance with probability {:.3}", lookup.guidance))?;
    if let Some((intent, share)) = intent {
        output::line(&format!("the intent `{intent}` ({share:.3}) replies; without it the guidance would be:"))?;
    }
    heading("Topics, and what sets them apart from the mean of all")?;
    for topic in &explanation.topics {
        output::line(&format!("{:5.1} %  {}", topic.share * 100.0, topic.topic))?;
        let mut features: Vec<&ExplainedFeature> = topic.features.iter().collect();
        features.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()));
        let shown =
            features.iter().take(FEATURES_SHOWN).map(|feature| format!("{} {:+.2}", feature.name, feature.adds));
        output::line(&format!("         {}", shown.collect::<Vec<_>>().join("  ")))?;
    }
    heading("Nearest example questions, by vector")?;
    for near in &explanation.near {
        output::line(&format!("{:6.3}  {}  {}", near.cosine, near.topic, near.text))?;
    }
    heading("Parts of the first topic: text, questions, figures, heading, asked, words, together")?;
    for part in &explanation.parts {
        let name = part.heading.as_deref().unwrap_or("(lead)");
        output::line(&format!(
            "{:6.3} {:6.3} {:6.3} {:6.3} {:6.3} {:6.3} {:6.3}  {name}",
            part.text_cosine,
            part.question_cosine,
            part.figure_cosine,
            part.heading_cosine,
            part.asked,
            part.words,
            part.score
        ))?;
    }
    heading("Confidence")?;
    output::line(&verdict(&explanation))?;
    let signals: Vec<_> = explanation.signals.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
    output::line(&signals.join("  "))?;
    Ok(ExitCode::SUCCESS)
}

fn verdict(explanation: &Explanation) -> String {
    let Explanation { confidence, answer_from, clarify_from, .. } = explanation;
    let what = match confidence {
        confidence if answer_from <= confidence => "answered",
        confidence if clarify_from <= confidence => "asked back",
        _ => "not answered",
    };
    format!("{confidence:.3}: {what} (answers from {answer_from:.3}, asks back from {clarify_from:.3})")
}
