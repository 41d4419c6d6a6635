//! A whole turn, and what it is made of: the embedding, the search. Needs `make run` or `neuvo models pull` once before.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first fault")]

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use neuvo::app;
use neuvo::assistant::Assistant;
use neuvo::config::Config;
use neuvo::conversation::Conversation;
use neuvo::domain::{Language, Lookup, Outcome, Reading, Utterance};
use neuvo::inference::Purpose;
use neuvo::retrieval::Vectors;
use std::hint::black_box;

const QUESTIONS: [&str; 3] = [
    "saanko asumistukea jos olen töissä",
    "Jag ska flytta ihop med min sambo nästa månad och undrar om jag måste meddela FPA om det",
    "how do i apply for parental allowance",
];

fn turns(criterion: &mut Criterion) {
    let day = date(2026, 11, 22);
    let config = Config::default();
    let vectors = Vectors::cached(app::encoder(&config).unwrap(), &config.data.folder);
    let assistant = Assistant::new(app::content(&config, &vectors, day).unwrap());
    let mut group = criterion.benchmark_group("turn");
    for text in QUESTIONS {
        let utterance = Utterance::parse(text).unwrap();
        let words_n = text.split(' ').count();
        group.bench_function(format!("embedding alone, {words_n} words"), |bencher| {
            bencher.iter(|| vectors.encoder().encode(Purpose::Query, black_box(text)).unwrap());
        });
        group.bench_function(format!("whole turn, {words_n} words"), |bencher| {
            bencher.iter(|| {
                let turn = assistant.turn(&mut Conversation::default(), black_box(&utterance), None, day);
                assert_eq!(turn.reply.outcome(), Outcome::Answer);
            });
        });
        let reading = Reading {
            utterance: utterance.clone(),
            embedding: vectors.encoder().encode(Purpose::Query, text).unwrap().sentence().into(),
            guidance: 1.0,
            prior: Vec::new().into(),
            variates: Vec::new().into(),
        };
        let lookup = Lookup::of(reading, Language::Fi, day);
        group.bench_function(format!("search alone, {words_n} words"), |bencher| {
            bencher.iter(|| assistant.content().retrieval.search(black_box(&lookup)));
        });
    }
    group.finish();
}

criterion_group!(benches, turns);
criterion_main!(benches);
