//! Whole courses of calls, and any course whatsoever.

use super::*;
use crate::speech::{Hearing, Transcript};
use std::collections::VecDeque;

mod any_course;

fn script() -> Arc<Script> {
    let file: toml::Table = toml::from_str(include_str!("../../../../intents/phone.toml")).unwrap();
    let texts = Language::ALL.map(|language| {
        let entries = file["text"].as_array().unwrap().iter();
        let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
        entries.map(|e| (text(e, "id").trim_start_matches("phone-").to_owned(), text(e, language.tag()))).collect()
    });
    Arc::new(Script::new(Clone::clone(&texts), texts))
}

fn rules() -> Rules {
    Rules {
        language: Some(Language::Fi),
        call_max: Duration::from_mins(10),
        questions_max: 40,
        has_sms: true,
        has_call_back: true,
        knows_number: true,
        certain_from: 0.5,
        confident_from: 0.5,
    }
}

/// A call with what stands around it: everything that is said is heard unless the test says otherwise.
struct Bench {
    call: Call,
    now: Duration,
    playing: VecDeque<Segment>,
    said: Vec<String>,
    done: Vec<Output>,
}

impl Bench {
    fn new(rules: Rules) -> Self {
        let call = Call::new(rules, script());
        Self { call, now: Duration::ZERO, playing: VecDeque::new(), said: Vec::new(), done: Vec::new() }
    }

    fn begun(rules: Rules) -> Self {
        let mut bench = Self::new(rules);
        bench.put(Input::Connected);
        bench.listen();
        bench
    }

    /// Does something and gives what was said thereupon.
    fn put(&mut self, input: Input) -> String {
        self.said.clear();
        let out = self.call.take(self.now, input);
        self.take(out);
        self.said.join(" ")
    }

    fn take(&mut self, out: Vec<Output>) {
        for output in out {
            match &output {
                Output::Speak(segment) => {
                    self.said.push(segment.text.to_string());
                    self.playing.push_back(segment.clone());
                }
                Output::Clear => self.playing.clear(),
                _ => {}
            }
            self.done.push(output);
        }
    }

    /// Plays all that is to be said.
    fn listen(&mut self) {
        while let Some(segment) = self.playing.pop_front() {
            self.now += Duration::from_secs(2);
            let out = self.call.take(self.now, Input::Mark(segment.id));
            self.take(out);
        }
    }

    fn wait(&mut self, seconds: u64) -> String {
        self.said.clear();
        for _ in 0..seconds * 10 {
            self.now += Duration::from_millis(100);
            let out = self.call.take(self.now, Input::Tick);
            self.take(out);
        }
        self.said.join(" ")
    }

    fn words(&mut self, text: &str, certainty: f32) -> String {
        self.put(Input::Hearing(Hearing::Started));
        self.put(Input::Hearing(Hearing::Paused(vec![0; 8_000].into())));
        let utterance = self.done.iter().rev().find_map(|output| match output {
            Output::Recognise { utterance, .. } => Some(*utterance),
            _ => None,
        });
        let heard = Ok(match text {
            "" => Heard::Nothing,
            text => Heard::Words(Transcript { text: text.to_owned(), others: Vec::new(), certainty }),
        });
        self.put(Input::Heard { utterance: utterance.unwrap(), heard });
        self.put(Input::Hearing(Hearing::Ended))
    }

    fn asked(&self) -> (u32, String, Language) {
        let asked = self.done.iter().rev().find_map(|output| match output {
            Output::Ask { question, text, language } => Some((*question, text.0.clone(), *language)),
            _ => None,
        });
        asked.unwrap()
    }

    fn answer(&mut self, answer: Answer) -> String {
        let (question, ..) = self.asked();
        self.put(Input::Replied { question, answer: Some(Box::new(answer)) })
    }

    fn has(&self, wanted: &Output) -> bool {
        self.done.contains(wanted)
    }
}

fn answer(kind: Kind, text: &str) -> Answer {
    Answer {
        kind,
        language: Language::Fi,
        parts: vec![text.to_owned()],
        title: Some("Asumistuen hakeminen".to_owned()),
        link: Some("https://www.kela.fi/asumistuki".to_owned()),
        choices: Vec::new(),
        confidence: 0.9,
    }
}

#[test]
fn greets_answers_and_says_goodbye() {
    let mut bench = Bench::new(rules());
    let greeting = bench.put(Input::Connected);
    assert!(greeting.starts_with("Hei! Tämä on neuvo, Kelan puhelinbotti. Puhut nyt koneen kanssa."), "{greeting}");
    assert!(greeting.contains("paina nolla") && greeting.ends_with("Mitä haluat kysyä?"), "{greeting}");
    bench.listen();
    bench.words("miten haen asumistukea", 0.9);
    assert_eq!(bench.asked(), (1, "miten haen asumistukea".to_owned(), Language::Fi));
    let said = bench.answer(answer(Kind::Guidance, "Hae sitä OmaKelassa. Liitä mukaan vuokrasopimus."));
    assert!(said.starts_with("Hae sitä OmaKelassa. Liitä mukaan vuokrasopimus. Voit kysyä lisää."), "{said}");
    bench.listen();
    assert!(bench.words("toista", 0.9).starts_with("Hae sitä OmaKelassa."));
    assert!(bench.words("linkki", 0.9).is_empty());
    assert!(bench.has(&Output::Sms(Words("Asumistuen hakeminen: https://www.kela.fi/asumistuki".to_owned()))));
    assert!(bench.put(Input::Sent(true)).starts_with("Lähetin sinulle linkin"));
    assert_eq!(bench.words("kiitos hei hei", 0.9), "Kiitos soitosta. Hei hei.");
    assert!(!bench.call.is_over());
    bench.listen();
    assert!(bench.call.is_over() && bench.done.last() == Some(&Output::End));
}

#[test]
fn the_caller_chooses_a_language_once() {
    let mut bench = Bench::new(Rules { language: None, ..rules() });
    let greeting = bench.put(Input::Connected);
    assert!(greeting.contains("tryck två") && greeting.contains("press three"), "{greeting}");
    assert_eq!(bench.put(Input::Digit('2')), "Vi fortsätter på svenska. Vad vill du fråga?");
    bench.words("hur ansöker jag om bostadsbidrag", 0.9);
    assert_eq!(bench.asked().2, Language::Sv);
    assert!(bench.words("in English please", 0.9).starts_with("Let us go on in English."));
    assert_eq!(bench.call.language(), Language::En);
}

#[test]
fn a_voice_silences_the_bot_and_a_noise_does_not_for_long() {
    let mut bench = Bench::begun(rules());
    bench.words("miten haen asumistukea", 0.9);
    bench.answer(answer(Kind::Guidance, "Yksi on tässä. Kaksi on tässä. Kolme on tässä."));
    let first = bench.playing.pop_front().unwrap();
    bench.put(Input::Mark(first.id));
    bench.put(Input::Hearing(Hearing::Started));
    assert_eq!(bench.done.last(), Some(&Output::Count(Counted::BargeIn)));
    assert!(bench.playing.is_empty(), "silent at once");
    // The gateway returns the marks of what it threw away: that is no proof that they were heard.
    let heard_n = bench.call.played_n();
    for n in 1..4 {
        bench.put(Input::Mark(SegmentId(first.id.0 + n)));
    }
    assert_eq!(bench.call.played_n(), heard_n);
    bench.put(Input::Hearing(Hearing::Paused(vec![0; 800].into())));
    assert!(bench.put(Input::Hearing(Hearing::Ended)).starts_with("Kaksi on tässä. Kolme on tässä."));
    assert!(bench.has(&Output::Count(Counted::FalseBargeIn)));
    bench.words("entä opiskelija", 0.9);
    assert_eq!(bench.asked().1, "entä opiskelija");
    assert!(bench.playing.is_empty());
}

/// A question of a second and a half whose last words are still being recognised, and what is said then.
fn unrecognised(bench: &mut Bench) -> (u32, String) {
    bench.put(Input::Hearing(Hearing::Started));
    bench.put(Input::Hearing(Hearing::Paused(vec![0; 12_000].into())));
    let said = bench.put(Input::Hearing(Hearing::Ended));
    let recognised = bench.done.iter().rev().find_map(|output| match output {
        Output::Recognise { utterance, .. } => Some(*utterance),
        _ => None,
    });
    (recognised.unwrap(), said)
}

#[test]
fn a_word_says_that_the_caller_was_heard_while_recognising_takes_its_time() {
    let mut bench = Bench::begun(rules());
    let (utterance, said) = unrecognised(&mut bench);
    assert_eq!((said.as_str(), bench.wait(2).as_str()), ("Hetki.", ""), "once");
    let transcript = Transcript { text: "miten haen asumistukea".to_owned(), others: Vec::new(), certainty: 0.9 };
    bench.put(Input::Heard { utterance, heard: Ok(Heard::Words(transcript)) });
    bench.answer(answer(Kind::Guidance, "Hae sitä OmaKelassa."));
    let playing: Vec<_> = bench.playing.iter().map(|segment| &*segment.text).collect();
    assert_eq!(playing.first_chunk(), Some(&["Hetki.", "Hae sitä OmaKelassa."]), "the word is heard to its end");
    assert!(bench.put(Input::Digit('4')).starts_with("Hae sitä OmaKelassa."), "the word is not repeated");
    // Who has said a word or two is answered before that.
    bench.listen();
    bench.put(Input::Hearing(Hearing::Started));
    bench.put(Input::Hearing(Hearing::Paused(vec![0; 6_000].into())));
    assert_eq!(bench.put(Input::Hearing(Hearing::Ended)), "");
}

#[test]
fn the_word_gives_way_to_a_caller_who_goes_on() {
    let mut bench = Bench::begun(rules());
    assert_eq!(unrecognised(&mut bench).1, "Hetki.");
    bench.put(Input::Hearing(Hearing::Started));
    assert!(bench.playing.is_empty());
    bench.put(Input::Hearing(Hearing::Paused(vec![0; 16_000].into())));
    assert_eq!(bench.put(Input::Hearing(Hearing::Ended)), "", "one word a turn");
    let unclear = bench.put(Input::Heard { utterance: 2, heard: Ok(Heard::Nothing) });
    assert!(unclear.starts_with("En saanut selvää"), "{unclear}");
}

#[test]
fn the_first_words_are_heard_to_their_end() {
    let mut bench = Bench::new(rules());
    bench.put(Input::Connected);
    bench.put(Input::Hearing(Hearing::Started));
    assert!(!bench.playing.is_empty());
    // A key does interrupt.
    bench.put(Input::Digit('#'));
    assert!(bench.playing.is_empty());
}

#[test]
fn three_misses_bring_a_person_and_never_in_the_same_words() {
    let mut bench = Bench::begun(rules());
    let (first, second) = (bench.wait(9), {
        bench.listen();
        bench.wait(9)
    });
    assert!(first.starts_with("En kuullut mitään.") && second.starts_with("En vieläkään kuule"), "{first} {second}");
    bench.listen();
    bench.put(Input::Said(Heard::Nothing));
    assert!(bench.wait(9).starts_with("En ymmärrä sinua nyt tarpeeksi hyvin."));
    bench.listen();
    assert!(bench.has(&Output::Transfer(Occasion::Misses)));
}

#[test]
fn a_noise_does_not_put_silence_off() {
    let mut bench = Bench::begun(rules());
    for _ in 0..3 {
        bench.wait(2);
        bench.words("", 0.0);
    }
    assert!(bench.wait(3).starts_with("En kuullut mitään."));
}

#[test]
fn asks_where_it_is_unsure() {
    let mut bench = Bench::begun(rules());
    bench.words("asumitu en hakemi", 0.3);
    let asked = bench.answer(answer(Kind::Guidance, "Hae sitä OmaKelassa."));
    assert!(asked.starts_with("Kuulinko oikein? Asiasi on: Asumistuen hakeminen."), "{asked}");
    assert_eq!(bench.words("öö", 0.9), "Sano kyllä tai paina yksi. Sano ei tai paina kaksi.");
    assert!(bench.words("joo kyllä", 0.9).starts_with("Hae sitä OmaKelassa."));
    bench.listen();
    bench.words("lapsi", 0.2);
    bench.answer(answer(Kind::Guidance, "Hae sitä OmaKelassa."));
    assert!(bench.put(Input::Digit('2')).starts_with("Anteeksi, kuulin väärin."));
    bench.listen();
    // What was meant may be said instead of no.
    bench.words("lapsi", 0.2);
    bench.answer(answer(Kind::Guidance, "Hae sitä OmaKelassa."));
    bench.words("paljonko lapsilisä on", 0.9);
    assert_eq!(bench.asked().1, "paljonko lapsilisä on");
}

#[test]
fn choices_have_keys() {
    let mut bench = Bench::begun(rules());
    bench.words("tuki", 0.9);
    let choices = vec!["Asumistuki".to_owned(), "Opintotuki".to_owned()];
    let said = bench.answer(Answer { choices, ..answer(Kind::Choice, "") });
    assert!(said.contains("Paina kaksi, jos se on: Opintotuki."), "{said}");
    bench.put(Input::Digit('2'));
    assert_eq!(bench.asked().1, "Opintotuki");
}

#[test]
fn a_long_answer_comes_in_parts() {
    let mut bench = Bench::begun(rules());
    bench.words("miten haen asumistukea", 0.9);
    let long = "Tämä on lause jossa on aika monta sanaa peräkkäin. ".repeat(12);
    let said = bench.answer(answer(Kind::Guidance, &long));
    assert!(said.ends_with("Sano jatka tai paina kahdeksan."), "{said}");
    bench.listen();
    assert!(bench.put(Input::Digit('8')).starts_with("Tämä on lause"));
}

#[test]
fn danger_is_answered_first_and_a_busy_line_comes_back() {
    let mut bench = Bench::begun(rules());
    bench.words("en jaksa enää elää", 0.9);
    let said = bench.answer(answer(Kind::Person(Occasion::Crisis), "Soita heti yksi yksi kaksi."));
    assert!(said.starts_with("Soita heti yksi yksi kaksi. Yhdistän sinut ihmiselle."), "{said}");
    bench.put(Input::Digit('2'));
    assert!(!bench.playing.is_empty(), "nothing interrupts it");
    bench.listen();
    assert!(bench.has(&Output::Transfer(Occasion::Crisis)) && bench.call.is_away());
    let back = bench.put(Input::Transferred(Transferred::Busy));
    assert!(back.starts_with("Kaikki asiantuntijat puhuvat") && back.contains("soittaa sinulle takaisin"), "{back}");
    assert!(bench.words("kyllä kiitos", 0.9).is_empty());
    assert!(bench.has(&Output::CallBack(None)));
    assert!(bench.put(Input::CallBack(true)).starts_with("Kiitos. Soittopyyntö on tehty"));
}

#[test]
fn a_number_is_keyed_and_read_back() {
    let mut bench = Bench::begun(Rules { knows_number: false, ..rules() });
    bench.put(Input::Digit('0'));
    bench.listen();
    bench.put(Input::Transferred(Transferred::Closed));
    assert!(bench.put(Input::Digit('1')).starts_with("Näppäile puhelinnumero"));
    for digit in "040123456".chars() {
        bench.put(Input::Digit(digit));
    }
    let said = bench.put(Input::Digit('#'));
    assert!(said.contains("nolla neljä nolla, yksi kaksi kolme, neljä viisi kuusi. Onko se oikein?"), "{said}");
    bench.put(Input::Digit('1'));
    assert!(bench.has(&Output::CallBack(Some(Words("040123456".to_owned())))));
}

#[test]
fn busy_recognisers_are_told_of() {
    let mut bench = Bench::begun(rules());
    bench.put(Input::Hearing(Hearing::Started));
    bench.put(Input::Hearing(Hearing::Paused(vec![0; 8_000].into())));
    bench.put(Input::Heard { utterance: 1, heard: Err(Deaf::Busy) });
    bench.put(Input::Hearing(Hearing::Ended));
    let said = bench.put(Input::Heard { utterance: 2, heard: Err(Deaf::Busy) });
    assert!(said.starts_with("Kuuntelen nyt monta soittajaa"), "{said}");
}

#[test]
fn slow_answers_are_announced_and_missing_ones_bring_a_person() {
    let mut bench = Bench::begun(rules());
    bench.words("miten haen asumistukea", 0.9);
    assert_eq!(bench.wait(2), "Hetki, etsin ohjeen.");
    assert!(bench.wait(12).starts_with("Minulla on nyt tekninen vika."));
}

#[test]
fn a_line_that_tells_nothing_does_not_keep_a_person_away() {
    let mut bench = Bench::begun(rules());
    bench.put(Input::Digit('0'));
    bench.wait(50);
    // The line broke and is there again: the last words begin anew.
    bench.put(Input::Connected);
    bench.wait(11);
    assert!(bench.has(&Output::Transfer(Occasion::Asked)) && bench.call.pending().is_empty());
    assert!(bench.playing.is_empty(), "nothing is said while a person has the caller");
}
