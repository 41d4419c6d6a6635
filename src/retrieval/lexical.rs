//! The words' half: one tantivy index for each language, over topics and over their parts.

use crate::domain::Language;
use crate::knowledge::{Article, Knowledge, Synonyms, Topic};
use crate::retrieval::features::{DENSE_N, Features};
use crate::words::{Analysis, Reading, TERMS_MAX, words};
use std::collections::BTreeSet;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::WhitespaceTokenizer;
use tantivy::{Index, Searcher, TantivyDocument, Term};

/// What the index tells apart in an article.
const ZONES: [&str; 3] = ["title", "questions", "body"];
/// Bytes that tantivy may use while it builds an index: its own minimum.
const WRITER_BYTES: usize = 15_000_000;

/// The index of one language.
pub struct Lexical {
    language: Language,
    analysis: Analysis,
    synonyms: Synonyms,
    topics: Shelf,
    /// One document a part of an article; see [`Lexical::parts`].
    passages: Shelf,
    /// Where each topic's parts begin among the documents of `passages`.
    part_starts: Vec<usize>,
}

/// A question in all readings.
pub struct Terms {
    terms: [BTreeSet<String>; 4],
    words_n: usize,
}

/// Documents that are searched together, each with three zones in four readings.
struct Shelf {
    searcher: Searcher,
    fields: Vec<Field>,
    documents_n: usize,
}

impl Lexical {
    /// Builds the index of one language in memory.
    ///
    /// # Errors
    /// Where tantivy cannot.
    pub fn build(knowledge: &Knowledge, language: Language) -> tantivy::Result<Self> {
        let articles: Vec<&Article> = knowledge.topics.iter().map(|topic| topic.article(language)).collect();
        let texts: Vec<[String; 3]> = knowledge.topics.iter().map(|topic| topic_zones(topic, language)).collect();
        let analysis = Analysis::new(language, texts.iter().flatten().map(String::as_str));
        let mut part_starts = Vec::with_capacity(articles.len());
        let mut parts = Vec::new();
        for article in &articles {
            part_starts.push(parts.len());
            parts.extend(article.parts().map(|part| {
                let body = part.text.words().collect::<String>();
                [part.heading.clone().unwrap_or_default(), part.questions.join("\n"), body]
            }));
        }
        Ok(Self {
            topics: Shelf::build(&analysis, &texts)?,
            passages: Shelf::build(&analysis, &parts)?,
            synonyms: knowledge.synonyms.clone(),
            language,
            analysis,
            part_starts,
        })
    }

    /// Reads a question once, for all searches of a turn.
    pub fn read(&self, question: &str) -> Terms {
        let expanded = self.expand(question);
        let terms =
            Reading::ALL.map(|reading| self.analysis.terms(reading, &expanded).into_iter().take(TERMS_MAX).collect());
        Terms { terms, words_n: words(question).len() }
    }

    /// Writes the lexical features of all topics for a question.
    pub fn topics(&self, question: &Terms, features: &mut Features) {
        features.words_n = question.words_n;
        for ((at, reading), terms) in Reading::ALL.into_iter().enumerate().zip(&question.terms) {
            for zone in 0..ZONES.len() {
                let (scores, known_share) = self.topics.scores(zone, at, terms);
                if reading == Reading::Stems && zone == 1 {
                    features.known_share = known_share;
                }
                for (topic, score) in scores.into_iter().enumerate() {
                    if let Some(value) = features.at(topic, DENSE_N + zone * Reading::ALL.len() + at) {
                        *value = score;
                    }
                }
            }
        }
    }

    /// How well each of a topic's parts (lead first) matches a question by its stems, compound parts and n-grams.
    pub fn parts(&self, topic: usize, parts_n: usize, question: &Terms) -> Vec<f32> {
        let start = self.part_starts.get(topic).copied().unwrap_or_default();
        let mut sums = vec![0.0; parts_n];
        for (at, terms) in question.terms.iter().enumerate().skip(1) {
            for zone in 0..ZONES.len() {
                let (scores, _) = self.passages.scores(zone, at, terms);
                for (sum, score) in sums.iter_mut().zip(scores.iter().skip(start)) {
                    *sum += score;
                }
            }
        }
        sums
    }

    /// The question with the meanings of its everyday words behind it.
    fn expand(&self, question: &str) -> String {
        let words = words(question);
        let mut expanded = question.to_owned();
        let pairs = words.windows(2).map(|pair| pair.join(" "));
        for word in words.iter().cloned().chain(pairs) {
            for meaning in self.synonyms.meanings(self.language, &word) {
                expanded.push(' ');
                expanded.push_str(meaning);
            }
        }
        expanded
    }
}

fn topic_zones(topic: &Topic, language: Language) -> [String; 3] {
    let article = topic.article(language);
    let questions: Vec<&str> = topic.questions(language).map(String::as_str).collect();
    let mut body = String::new();
    for part in article.parts() {
        for words in part.heading.as_deref().into_iter().chain(part.text.words()) {
            body.push_str(words);
            body.push('\n');
        }
    }
    [article.title.clone(), questions.join("\n"), body]
}

impl Shelf {
    fn build(analysis: &Analysis, documents: &[[String; 3]]) -> tantivy::Result<Self> {
        let indexing =
            TextFieldIndexing::default().set_tokenizer("terms").set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        let mut schema = Schema::builder();
        let number = schema.add_u64_field("number", FAST);
        let mut fields = Vec::with_capacity(ZONES.len() * Reading::ALL.len());
        for zone in ZONES {
            for reading in Reading::ALL {
                fields.push(schema.add_text_field(&format!("{zone}.{}", reading.name()), options.clone()));
            }
        }
        let index = Index::create_in_ram(schema.build());
        // Texts come as terms already, with a space between them.
        index.tokenizers().register("terms", WhitespaceTokenizer::default());
        // One thread writes one segment, so that a document's number is its place in `documents`.
        let mut writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
        for (at, zones) in documents.iter().enumerate() {
            let mut document = TantivyDocument::default();
            document.add_u64(number, at as u64);
            let mut targets = fields.iter();
            for text in zones {
                for (reading, field) in Reading::ALL.into_iter().zip(targets.by_ref()) {
                    document.add_text(*field, analysis.terms(reading, text).join(" "));
                }
            }
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        let searcher = index.reader()?.searcher();
        Ok(Self { searcher, fields, documents_n: documents.len() })
    }

    /// The BM25 score of each document for the terms in one zone and reading, over the sum of the terms' rarities (IDF), and the share
    /// of that sum that the zone knows.
    fn scores(&self, zone: usize, reading: usize, terms: &BTreeSet<String>) -> (Vec<f32>, f32) {
        let mut scores = vec![0.0; self.documents_n];
        let Some(&field) = self.fields.get(zone * Reading::ALL.len() + reading) else {
            return (scores, 0.0);
        };
        let (mut rarity_all, mut rarity_known) = (0.0f32, 0.0f32);
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::with_capacity(terms.len());
        for term in terms {
            let term = Term::from_field_text(field, term);
            let documents_n = self.searcher.doc_freq(&term).unwrap_or_default();
            let rarity = self.rarity(documents_n);
            rarity_all += rarity;
            if 0 < documents_n {
                rarity_known += rarity;
                clauses.push((Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))));
            }
        }
        if clauses.is_empty() || rarity_all <= 0.0 {
            return (scores, 0.0);
        }
        let query = BooleanQuery::new(clauses);
        // The index is in memory and was written by us: a failure to read it leaves the scores at zero.
        if let Ok(weight) = query.weight(EnableScoring::enabled_from_searcher(&self.searcher)) {
            for segment in self.searcher.segment_readers() {
                let Ok(numbers) = segment.fast_fields().u64("number") else { continue };
                let _ = weight.for_each(segment, &mut |document, score| {
                    let number = numbers.first(document).and_then(|n| usize::try_from(n).ok());
                    if let Some(value) = number.and_then(|n| scores.get_mut(n)) {
                        *value = score / rarity_all;
                    }
                });
            }
        }
        (scores, rarity_known / rarity_all)
    }

    /// BM25's inverse document frequency.
    #[expect(clippy::cast_precision_loss, reason = "document counts are small")]
    fn rarity(&self, documents_n: u64) -> f32 {
        let (all, with) = (self.documents_n as f32, documents_n as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}
