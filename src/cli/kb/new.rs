//! `neuvo kb new`: three files that say what to write.

use crate::cli::output;
use crate::config::Config;
use crate::domain::{Language, TopicId};
use crate::knowledge::article::TO_WRITE;
use anyhow::{Result, bail};
use jiff::ToSpan;
use jiff::civil::Date;
use std::process::ExitCode;

/// What each language's writer is told: title, question, lead, heading, step.
const WORDS: [[&str; 5]; 3] = [
    [
        "otsikko kansalaisen sanoin",
        "kysymys, jonka ihmiset oikeasti kysyvät",
        "kaksi tai kolme lausetta, jotka vastaavat pääkysymykseen; luvut muodossa {{fact-id}}",
        "väliotsikko, joka toimii yksinään",
        "vastaus ensimmäisessä lauseessa, vaiheet numeroituna",
    ],
    [
        "rubrik med medborgarens ord",
        "en fråga som människor verkligen ställer",
        "två eller tre meningar som svarar på huvudfrågan; siffror som {{fact-id}}",
        "en mellanrubrik som fungerar ensam",
        "svaret i första meningen, stegen numrerade",
    ],
    [
        "a title in the citizen's words",
        "a question as people really ask it",
        "two or three sentences that answer the main question; figures as {{fact-id}}",
        "a heading that makes sense alone",
        "the answer in the first sentence, steps numbered",
    ],
];
/// Questions that an article has at least.
const QUESTIONS_N: usize = 6;

pub(super) fn run(config: &Config, topic: &TopicId, day: Date) -> Result<ExitCode> {
    let folder = config.content.root.join("knowledge").join(topic.benefit());
    let files = Language::ALL.map(|language| folder.join(format!("{}.{language}.md", topic.name())));
    for file in &files {
        if file.try_exists()? {
            bail!("`{}` is there already: edit it, or choose another name", file.display());
        }
    }
    fs_err::create_dir_all(&folder)?;
    let review_by = day.checked_add(6.months())?;
    for (file, words) in files.iter().zip(WORDS) {
        fs_err::write(file, skeleton(topic, words, (day, review_by)))?;
        output::line(&format!("wrote {}", file.display()))?;
    }
    output::note("fill them in; `neuvo kb check` lists what is left");
    Ok(ExitCode::SUCCESS)
}

fn skeleton(
    topic: &TopicId,
    [title, question, lead, heading, step]: [&str; 5],
    (day, review_by): (Date, Date),
) -> String {
    let lead = lead.replace("{{", "`").replace("}}", "`");
    let questions: Vec<_> = (1..=QUESTIONS_N).map(|n| format!("  \"{TO_WRITE} {n}: {question}\"")).collect();
    format!(
        "+++\ntopic     = \"{topic}\"\ntitle     = \"{TO_WRITE} {title}\"\nquestions = [\n{}\n]\n\
         source    = \"https://www.kela.fi/{TO_WRITE}\"\nchecked   = {day}\nreview_by = {review_by}\nnext      = []\n+++\n\
         {TO_WRITE} {lead}\n\n## {TO_WRITE} {heading}\n? {TO_WRITE} {question}\n{TO_WRITE} {step}\n",
        questions.join(",\n"),
    )
}
