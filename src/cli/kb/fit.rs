//! `neuvo kb fit`: weights and thresholds from tuning questions.

use crate::app;
use crate::cli::output;
use crate::config::Config;
use crate::evaluation::{facts, fit, questions, sections};
use crate::retrieval::{Calibration, Mode, Vectors, calibration, parts};
use anyhow::{Context as _, Result, bail};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn run(
    config: &Config,
    (files, of_parts): (&[PathBuf], Option<(&Path, &Path)>),
    wrong_max: f32,
    day: Date,
) -> Result<ExitCode> {
    let mut sets = Vec::new();
    for file in files {
        let text = fs_err::read_to_string(file)?;
        sets.push(questions::read(&text).with_context(|| file.display().to_string())?);
    }
    if sets.iter().all(Vec::is_empty) {
        bail!("there are no questions to fit on: name files with questions");
    }
    let vectors = Vectors::cached(app::encoder(config)?, &config.data.folder);
    let knowledge = app::knowledge(config, day)?;
    let (understanding, retrieval) =
        app::stages(&knowledge, Calibration::unfitted(), &vectors, Arc::clone(vectors.encoder()))?;
    output::note(&format!("ranking {} questions", sets.iter().map(Vec::len).sum::<usize>()));
    let ranked = |set: (usize, &Vec<_>)| fit::rank(&knowledge, &understanding, &retrieval, (set.0, set.1), day);
    let mut tuned: Vec<_> = sets.iter().enumerate().flat_map(ranked).collect();
    let off_topic_n = tuned.iter().filter(|tuned| tuned.right.is_empty()).count();
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()).map(|name| name.to_string_lossy()).collect();
    let obtained = format!(
        "neuvo kb fit {} on {day}: {} questions, {off_topic_n} of them off topic; model {}; at most {} % of each file answered wrong",
        names.join(" "),
        tuned.len(),
        vectors.encoder().fingerprint(),
        wrong_max * 100.0,
    );
    let path = config.content.root.join(calibration::PATH);
    let mut fitted = fit::fit(&mut tuned, wrong_max, obtained);
    if let Some((facts_file, sections_file)) = of_parts {
        let named = |file: &Path| file.display().to_string();
        let for_figures = facts::read(&fs_err::read_to_string(facts_file)?).with_context(|| named(facts_file))?;
        let text = fs_err::read_to_string(sections_file)?;
        let for_sections = sections::read(&text, &knowledge).with_context(|| named(sections_file))?;
        let choices = fit::parts(&knowledge, &understanding, &retrieval, (&for_figures, &for_sections), day);
        fitted.fit_parts(&choices);
        let [figures, others] = parts::unseen(&choices).map(|share| 100.0 * share);
        output::line(&format!(
            "sections: a right one is shown for {figures:.1} % of the questions for figures and {others:.1} % of the others, \
             judged on topics that were not fitted on"
        ))?;
        let name = |file: &Path| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fitted.obtained.push_str(&format!(
            "; sections on {} questions of {} and {}",
            for_figures.len() + for_sections.len(),
            name(facts_file),
            name(sections_file),
        ));
    } else if let Ok(before) = Calibration::parse(&fs_err::read_to_string(&path)?) {
        fitted.parts = before.parts;
    }
    for mode in Mode::ALL {
        output::line(&format!(
            "{:8} top-1 {:.1} % of the tuning questions",
            mode.name(),
            100.0 * fit::top_1(&fitted, &tuned, mode)
        ))?;
    }
    output::line(&format!("answer from {:.3}, ask back from {:.3}", fitted.answer_from, fitted.clarify_from))?;
    fs_err::write(&path, fitted.write()?)?;
    output::line(&format!("wrote {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
