//! One tantivy index over documents of three zones, each in four readings, and its BM25.
//!
//! A question has up to 160 terms of a reading, each looked for in every zone, and every document's score is wanted. tantivy's own queries
//! are made for the best few of many documents: they look a term up three times, and box a scorer for each. So the postings are read here,
//! once each, and added up. The scores are those of tantivy's `BooleanQuery`, as a test says.

use crate::retrieval::lexical::ZONES;
use crate::words::{Analysis, Reading, Terms};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::WhitespaceTokenizer;
use tantivy::{Index, InvertedIndexReader, ReloadPolicy, SegmentReader, TantivyDocument};

/// Bytes that tantivy may use while it builds an index: enough for one segment.
const WRITER_BYTES: usize = 200_000_000;
/// The parameters of BM25, as tantivy has them.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Documents that are searched together.
pub(super) struct Shelf {
    /// Zone by zone, reading by reading.
    fields: Vec<Postings>,
    documents_n: usize,
}

/// One zone in one reading.
struct Postings {
    index: Arc<InvertedIndexReader>,
    /// For each document: what BM25 adds to a term's count in it, from its length.
    norms: Vec<f32>,
}

/// The terms of one reading of a question.
pub(super) type Wanted = BTreeSet<String>;

impl Shelf {
    /// Opens the index that stands in a folder under a name, and builds it if it does not; without a folder, builds it in memory.
    /// A document's place in `documents` is its number.
    ///
    /// # Errors
    /// Where tantivy cannot build it.
    pub(super) fn open(
        folder: Option<(&Path, &str)>,
        analysis: &Analysis,
        documents: &[[String; 3]],
    ) -> tantivy::Result<Self> {
        let Some((folder, name)) = folder else { return Self::read(&build_in_memory(analysis, documents)?, documents) };
        let path = folder.join(name);
        let kept = Index::open_in_dir(&path).and_then(|index| Self::read(&index, documents));
        if let Ok(shelf) = kept {
            return Ok(shelf);
        }
        match build_in(folder, &path, analysis, documents).and_then(|index| Self::read(&index, documents)) {
            Ok(shelf) => Ok(shelf),
            Err(error) => {
                tracing::warn!(%error, "the index cannot be kept: the next start will build it again");
                Self::read(&build_in_memory(analysis, documents)?, documents)
            }
        }
    }

    fn read(index: &Index, documents: &[[String; 3]]) -> tantivy::Result<Self> {
        let broken = |what: &str| tantivy::TantivyError::InternalError(format!("the index has {what}"));
        // What is kept never changes, so nothing has to be watched.
        let searcher = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?.searcher();
        let [segment] = searcher.segment_readers() else { return Err(broken("not one segment")) };
        if segment.max_doc() as usize != documents.len() {
            return Err(broken("another number of documents"));
        }
        let fields =
            index.schema().fields().map(|(field, _)| Postings::read(segment, field)).collect::<Result<_, _>>()?;
        Ok(Self { fields, documents_n: documents.len() })
    }

    /// The BM25 score of some documents for the terms in one zone and reading, over the sum of the terms' rarities (IDF), and the share
    /// of that sum that the zone knows.
    pub(super) fn scores(&self, zone: usize, reading: usize, terms: &Wanted, of: Range<usize>) -> (Vec<f32>, f32) {
        let mut scores = vec![0.0; of.len()];
        let Some(field) = self.fields.get(zone * Reading::ALL.len() + reading) else { return (scores, 0.0) };
        let (mut rarity_all, mut rarity_known) = (0.0f32, 0.0f32);
        for term in terms {
            // The index was written by us: a failure to read it is a term that it does not have.
            let info = field.index.terms().get(term).ok().flatten();
            let rarity = self.rarity(info.as_ref().map_or(0, |info| info.doc_freq));
            rarity_all += rarity;
            let Some(info) = info else { continue };
            rarity_known += rarity;
            let read = field.index.read_block_postings_from_terminfo(&info, IndexRecordOption::WithFreqs);
            let Ok(mut postings) = read else { continue };
            while postings.block_len() > 0 {
                for (document, times) in postings.docs().iter().zip(postings.freqs()) {
                    let at = (*document as usize).wrapping_sub(of.start);
                    if let (Some(score), Some(norm)) = (scores.get_mut(at), field.norms.get(*document as usize)) {
                        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
                        let times = *times as f32;
                        *score += rarity * (1.0 + K1) * (times / (times + norm));
                    }
                }
                postings.advance();
            }
        }
        if rarity_all <= 0.0 {
            return (scores, 0.0);
        }
        for score in &mut scores {
            *score /= rarity_all;
        }
        (scores, rarity_known / rarity_all)
    }

    /// BM25's inverse document frequency.
    #[expect(clippy::cast_precision_loss, reason = "document counts are small")]
    fn rarity(&self, documents_n: u32) -> f32 {
        let (all, with) = (self.documents_n as f32, documents_n as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}

impl Postings {
    #[expect(clippy::cast_precision_loss, reason = "counts of terms and documents are small")]
    fn read(segment: &SegmentReader, field: Field) -> tantivy::Result<Self> {
        let index = segment.inverted_index(field)?;
        let lengths: FieldNormReader = segment.get_fieldnorms_reader(field)?;
        let mean = index.total_num_tokens() as f32 / segment.max_doc() as f32;
        let norm = |document| K1 * (1.0 - B + B * lengths.fieldnorm(document) as f32 / mean);
        Ok(Self { index, norms: (0..segment.max_doc()).map(norm).collect() })
    }
}

/// Zone by zone, reading by reading, as [`Shelf::scores`] finds them.
fn schema() -> (Schema, Vec<Field>) {
    let indexing = TextFieldIndexing::default().set_tokenizer("terms").set_index_option(IndexRecordOption::WithFreqs);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut schema = Schema::builder();
    let names = ZONES.iter().flat_map(|zone| Reading::ALL.map(|reading| format!("{zone}.{}", reading.name())));
    let fields = names.map(|name| schema.add_text_field(&name, options.clone())).collect();
    (schema.build(), fields)
}

fn build_in_memory(analysis: &Analysis, documents: &[[String; 3]]) -> tantivy::Result<Index> {
    let (schema, fields) = schema();
    let index = Index::create_in_ram(schema);
    write(&index, &fields, analysis, documents)?;
    Ok(index)
}

/// Builds beside the path and renames, so that a killed process leaves no half of an index.
fn build_in(folder: &Path, path: &Path, analysis: &Analysis, documents: &[[String; 3]]) -> tantivy::Result<Index> {
    fs_err::create_dir_all(folder)?;
    let temporary = tempfile::TempDir::new_in(folder)?;
    let (schema, fields) = schema();
    write(&Index::create_in_dir(temporary.path(), schema)?, &fields, analysis, documents)?;
    if path.try_exists()? {
        fs_err::remove_dir_all(path)?;
    }
    fs_err::rename(temporary.path(), path)?;
    // It is where it belongs: there is nothing left to remove.
    drop(temporary.keep());
    Index::open_in_dir(path)
}

fn write(index: &Index, fields: &[Field], analysis: &Analysis, documents: &[[String; 3]]) -> tantivy::Result<()> {
    // Texts come as terms already, with a space between them.
    index.tokenizers().register("terms", WhitespaceTokenizer::default());
    // One thread writes one segment, so that a document's number is its place in `documents`.
    let mut writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
    for zones in documents {
        let mut document = TantivyDocument::default();
        let mut targets = fields.iter();
        for text in zones {
            let terms: Terms = analysis.read(text);
            for (reading, field) in Reading::ALL.into_iter().zip(targets.by_ref()) {
                document.add_text(*field, terms.of(reading).join(" "));
            }
        }
        writer.add_document(document)?;
    }
    writer.commit()?;
    writer.wait_merging_threads()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;
    use tantivy::Term;
    use tantivy::query::{BooleanQuery, EnableScoring, Query, TermQuery};

    const QUESTION: &str = "asumistuki opiskelijalle asumistukihakemus vuokra tuntematon";

    fn documents() -> Vec<[String; 3]> {
        let zones = [
            [
                "Asumistuki",
                "paljonko on asumistuki\nkuka saa asumistukea",
                "Asumistukea voi saada vuokraan. Asumistuki on tuki.",
            ],
            ["Opintotuki", "saako opiskelija tukea", "Opiskelija voi saada opintotukea ja asumistukea vuokraan."],
            ["Hakemus", "miten hakemus tehdään", "Hakemus tehdään verkossa."],
        ];
        zones.map(|zones| zones.map(str::to_owned)).to_vec()
    }

    fn analysis() -> Analysis {
        Analysis::new(Language::Fi, documents().iter().flatten().map(String::as_str))
    }

    /// What tantivy's own query gives, over the rarities of all terms.
    fn by_tantivy(index: &Index, shelf: &Shelf, at: usize, wanted: &Wanted) -> Vec<f32> {
        let (_, fields) = schema();
        let clauses = wanted.iter().map(|term| {
            let term = Term::from_field_text(fields[at], term);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) as Box<dyn Query>
        });
        let searcher = index.reader().unwrap().searcher();
        let weight =
            BooleanQuery::union(clauses.collect()).weight(EnableScoring::enabled_from_searcher(&searcher)).unwrap();
        let mut scores = [0.0; 3];
        weight.for_each(searcher.segment_reader(0), &mut |document, score| scores[document as usize] = score).unwrap();
        let doc_freq = |term| shelf.fields[at].index.terms().get(term).unwrap().map_or(0, |info| info.doc_freq);
        let rarity_all: f32 = wanted.iter().map(|term| shelf.rarity(doc_freq(term))).sum();
        scores.iter().map(|score| score / rarity_all).collect()
    }

    #[test]
    fn scores_are_those_of_tantivys_own_query() {
        let (analysis, documents) = (analysis(), documents());
        let index = build_in_memory(&analysis, &documents).unwrap();
        let shelf = Shelf::read(&index, &documents).unwrap();
        let question = analysis.read(QUESTION);
        for zone in 0..ZONES.len() {
            for (at, reading) in Reading::ALL.into_iter().enumerate() {
                let wanted: Wanted = question.of(reading).iter().cloned().collect();
                let (scores, _) = shelf.scores(zone, at, &wanted, 0..3);
                let expected = by_tantivy(&index, &shelf, zone * Reading::ALL.len() + at, &wanted);
                for (score, expected) in scores.iter().zip(expected) {
                    assert!((score - expected).abs() < 1e-6, "{score} and not {expected}");
                }
                assert_eq!(shelf.scores(zone, at, &wanted, 1..3).0, scores[1..]);
            }
        }
    }

    #[test]
    fn what_was_built_is_opened_again_and_what_is_broken_is_built_again() {
        let (analysis, documents) = (analysis(), documents());
        let folder = tempfile::tempdir().unwrap();
        let open = || Shelf::open(Some((folder.path(), "shelf")), &analysis, &documents).unwrap();
        let wanted = Wanted::from(["asumistuki".to_owned()]);
        let expected = open().scores(2, 0, &wanted, 0..3);
        assert!(0.0 < expected.0[0]);
        assert_eq!(open().scores(2, 0, &wanted, 0..3), expected);
        fs_err::write(folder.path().join("shelf").join("meta.json"), "{").unwrap();
        assert_eq!(open().scores(2, 0, &wanted, 0..3), expected);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
