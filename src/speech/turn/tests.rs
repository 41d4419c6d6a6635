use super::*;
use proptest::prelude::*;

/// Plays stretches of speech (`s`) and silence (`-`) in milliseconds and writes down what is noticed when.
fn play(turn: &mut TurnTaking, script: &str) -> Vec<String> {
    let mut noticed = Vec::new();
    let mut ms = 0;
    for stretch in script.split_whitespace() {
        let (kind, length_ms) = stretch.split_at(1);
        let probability = if kind == "s" { 0.9 } else { 0.1 };
        for _ in 0..length_ms.parse::<u32>().unwrap() / FRAME_MS {
            ms += FRAME_MS;
            if let Some(hearing) = turn.push(&[1; FRAME_LEN], probability) {
                let what = match hearing {
                    Hearing::Started => "started".to_owned(),
                    Hearing::Paused(said) => format!("paused with {} ms", said.len() / 8),
                    Hearing::Resumed => "resumed".to_owned(),
                    Hearing::Ended => "ended".to_owned(),
                };
                noticed.push(format!("{ms} {what}"));
            }
        }
    }
    noticed
}

#[track_caller]
fn check(script: &str, expected: &[&str]) {
    assert_eq!(play(&mut TurnTaking::new(), script), expected);
}

#[test]
fn a_word_or_two_ends_soon() {
    check("-1000 s600 -2000", &["1100 started", "1820 paused with 1120 ms", "2120 ended"]);
}

#[test]
fn a_sentence_is_given_more_time() {
    check("-1000 s2000 -2000", &["1100 started", "3220 paused with 2520 ms", "3640 ended"]);
}

#[test]
fn who_looks_for_words_is_waited_for() {
    let pauses = ["1220 paused with 1220 ms", "1520 resumed", "2720 paused with 2720 ms", "3300 ended"];
    check("s1000 -500 s1000 -2000", &[&["100 started"], pauses.as_slice()].concat());
}

#[test]
fn the_next_turn_remembers_half_of_the_patience() {
    let mut turn = TurnTaking::new();
    play(&mut turn, "s1000 -620 s1000 -2000");
    turn.reset();
    // Half of 620 ms and 300 ms more is less than what everybody gets.
    assert_eq!(play(&mut turn, "s1000 -2000").last().unwrap(), "1640 ended");
}

#[test]
fn a_click_is_no_speech() {
    check("-500 s80 -3000", &[]);
    check("s60 -400 s60 -400 s60 -400", &[]);
}

#[test]
fn nobody_talks_for_ever() {
    let noticed = play(&mut TurnTaking::new(), "s60000 -5000");
    assert_eq!(noticed.len(), 3);
    assert_eq!((noticed[0].as_str(), noticed[2].as_str()), ("100 started", "27720 ended"));
}

proptest! {
    #[test]
    fn events_come_in_order_and_everything_is_bounded(probabilities in prop::collection::vec(0.0_f32..1.0, 0..3_000)) {
        let mut turn = TurnTaking::new();
        let (mut started, mut paused, mut ended) = (false, false, false);
        for probability in probabilities {
            match turn.push(&[0; FRAME_LEN], probability) {
                None => {}
                Some(Hearing::Started) => {
                    prop_assert!(!started);
                    started = true;
                }
                Some(Hearing::Paused(said)) => {
                    prop_assert!(started && !paused && !ended);
                    prop_assert!(said.len() <= samples(TURN_MS_MAX) + FRAME_LEN);
                    paused = true;
                }
                Some(Hearing::Resumed) => {
                    prop_assert!(paused && !ended);
                    paused = false;
                }
                Some(Hearing::Ended) => {
                    prop_assert!(paused && !ended);
                    ended = true;
                }
            }
            prop_assert!(turn.heard.len() <= samples(TURN_MS_MAX) + FRAME_LEN);
        }
    }
}
