//! Hearing and speaking with the real weights and the real voices.

/// Tests that load weights, one at a time.
mod models {
    use jiff::civil::date;
    use neuvo::app;
    use neuvo::app::speech::{Speech, spellings};
    use neuvo::config::Config;
    use neuvo::domain::Language;
    use neuvo::speech::sounds::sounds_without_speech;
    use neuvo::speech::{
        FRAME_LEN, Heard, Hearing, Listen as _, Pace, Pcm, SpeechError, Spellings, Transcript, decode_mu_law,
        encode_mu_law,
    };
    use std::path::Path;
    use std::time::Duration;
    use tokio::time::Instant;

    fn config() -> Config {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut config = Config::default();
        let speech = &mut config.speech;
        speech.model = root.join(&speech.model);
        speech.activity = root.join(&speech.activity);
        (speech.recognisers_n, speech.recognise_queue_len_max) = (1, 1);
        (speech.recognise_seconds_max, speech.voice_seconds_max) = (120, 60);
        config
    }

    /// As it is opened for calls: with the spellings of the content, which must invent no question where nobody speaks.
    fn speech() -> Speech {
        let config = config();
        let knowledge = app::knowledge(&config, date(2026, 11, 1)).unwrap();
        Speech::open(&config, spellings(&knowledge)).unwrap()
    }

    /// A question as the line carries it, spoken by the voice of its language.
    async fn spoken(speech: &Speech, text: &str, language: Language) -> Pcm {
        let voice = speech.synthesise.synthesise(text, language, Pace::Normal).await.unwrap();
        voice.iter().map(|&sample| decode_mu_law(encode_mu_law(sample))).collect()
    }

    #[track_caller]
    fn words(heard: Heard) -> Transcript {
        match heard {
            Heard::Words(transcript) => transcript,
            Heard::Nothing => panic!("nothing was heard"),
        }
    }

    /// The share of letters that differ, by the least edits.
    fn error_rate(meant: &str, said: &str) -> f64 {
        let letters = |text: &str| text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
        let (meant, said) = (letters(meant), letters(said));
        let mut row: Vec<usize> = (0..=said.len()).collect();
        for (i, a) in meant.iter().enumerate() {
            let mut new = vec![i + 1];
            for (j, b) in said.iter().enumerate() {
                new.push((row[j + 1] + 1).min(new[j] + 1).min(row[j] + usize::from(a != b)));
            }
            row = new;
        }
        let count = |n: usize| f64::from(u32::try_from(n).unwrap());
        count(row[said.len()]) / count(meant.len())
    }

    #[tokio::test]
    async fn questions_are_understood_on_the_line_and_always_alike() {
        let speech = speech();
        for (text, language, rate_max) in [
            ("Milloin toimeentulotuki maksetaan?", Language::Fi, 0.15),
            ("Haluan puhua ihmisen kanssa.", Language::Fi, 0.15),
            ("How do I apply for housing allowance?", Language::En, 0.35),
        ] {
            let utterance = spoken(&speech, text, language).await;
            let first = words(speech.recognise.recognise(Pcm::clone(&utterance), language).await.unwrap());
            let rate = error_rate(text, &first.text);
            assert!(rate <= rate_max, "{rate:.2}: {}", first.text);
            assert!(first.certainty > 0.3 && !first.others.contains(&first.text));
            let again = words(speech.recognise.recognise(utterance, language).await.unwrap());
            assert_eq!((first.text, first.others), (again.text, again.others));
        }
    }

    #[tokio::test]
    async fn nothing_is_said_on_sixty_sounds_without_speech() {
        let speech = speech();
        let sounds = sounds_without_speech();
        assert_eq!(sounds.len(), 60);
        for (sound, language) in sounds.into_iter().zip(Language::ALL.into_iter().cycle()) {
            let heard = speech.recognise.recognise(Pcm::from(sound.samples), language).await.unwrap();
            assert_eq!(heard, Heard::Nothing, "{}", sound.name);
        }
    }

    #[tokio::test]
    async fn a_turn_is_heard_in_a_stream() {
        let speech = speech();
        let question = spoken(&speech, "Kuinka paljon lapsilisä on kuukaudessa?", Language::Fi).await;
        let silence = vec![0; 100 * FRAME_LEN];
        let mut listener = speech.listener().unwrap();
        for turn in 0..2 {
            let (mut said, mut started, mut ended) = (None, None, None);
            let line = [silence.as_slice(), &question, silence.as_slice()].concat();
            for (i, frame) in line.chunks_exact(FRAME_LEN).enumerate() {
                match listener.push(frame) {
                    Some(Hearing::Started) => started = Some(i),
                    Some(Hearing::Paused(pcm)) => said = Some(pcm),
                    Some(Hearing::Ended) => ended = Some(i),
                    Some(Hearing::Resumed) | None => {}
                }
            }
            let (started, ended) = (started.unwrap(), ended.unwrap());
            assert!((100..150).contains(&started), "turn {turn} began in frame {started}");
            let end = 100 + question.len() / FRAME_LEN;
            assert!(ended < end + 60, "turn {turn} ended in frame {ended}, the voice before {end}");
            let heard = speech.recognise.recognise(said.unwrap(), Language::Fi).await.unwrap();
            let text = words(heard).text;
            assert!(error_rate("Kuinka paljon lapsilisä on kuukaudessa?", &text) < 0.2, "{text}");
            listener.reset();
        }
    }

    #[tokio::test]
    async fn a_full_pool_refuses_and_who_leaves_frees_the_thread() {
        let speech = speech();
        let long = spoken(&speech, &"Haluan puhua ihmisen kanssa asumistuesta. ".repeat(8), Language::Fi).await;
        let recognise = |utterance: &Pcm| speech.recognise.recognise(Pcm::clone(utterance), Language::Fi);
        // One on the thread, one in the queue.
        let running = recognise(&long);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let waiting = recognise(&long);
        let refused = recognise(&long).await;
        assert!(matches!(refused, Err(SpeechError::Busy { what: "recognisers" })), "{refused:?}");

        let begin = Instant::now();
        drop(running);
        drop(waiting);
        let short = spoken(&speech, "Haluan puhua ihmisen kanssa.", Language::Fi).await;
        // The queue has a place again as soon as the thread has seen that nobody waits.
        let heard = loop {
            match recognise(&short).await {
                Err(SpeechError::Busy { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                heard => break heard.unwrap(),
            }
        };
        words(heard);
        let alone = Instant::now();
        words(recognise(&long).await.unwrap());
        let whole = alone.elapsed();
        assert!(begin.elapsed() < whole * 3, "two long utterances were decoded for nobody");
    }

    #[tokio::test]
    async fn the_slow_voice_takes_longer() {
        let speech = speech();
        for language in Language::ALL {
            let say = |pace| speech.synthesise.synthesise("Kela 116", language, pace);
            let (normal, slow) = (say(Pace::Normal).await.unwrap(), say(Pace::Slow).await.unwrap());
            assert!(slow.len() > normal.len() * 11 / 10, "{language}: {} {}", normal.len(), slow.len());
        }
    }

    #[test]
    fn missing_weights_say_what_to_do() {
        let mut broken = config();
        broken.speech.model = "no-such-file.bin".into();
        let message = Speech::open(&broken, Spellings::default()).err().unwrap().to_string();
        let expected =
            "recognition failed: `no-such-file.bin` cannot be read: run `neuvo models pull`, or set `speech.model`";
        assert_eq!(message, expected);
        broken.speech.activity = broken.speech.model.clone();
        let message = Speech::open(&broken, Spellings::default()).err().unwrap().to_string();
        assert!(message.ends_with("run `neuvo models pull`, or set `speech.activity`"), "{message}");
        // A file that is none of whisper.cpp's.
        let mut broken = config();
        broken.speech.model = broken.speech.activity.clone();
        assert!(
            Speech::open(&broken, Spellings::default())
                .err()
                .unwrap()
                .to_string()
                .contains("is no ggml file of multilingual Whisper")
        );
    }
}
