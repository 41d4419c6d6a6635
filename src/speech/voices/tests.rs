use super::*;
use crate::speech::write_wav;

fn options(voice: Voice) -> VoiceOptions {
    VoiceOptions {
        voices: [voice.clone(), voice.clone(), voice],
        running_n_max: 1,
        queue_len_max: 1,
        time_max: Duration::from_secs(5),
        cache_bytes_max: 1 << 20,
    }
}

fn shell(script: &str) -> Voices {
    Voices::new(options(Voice::Command(["sh", "-c", script].map(str::to_owned).to_vec())))
}

async fn say(voices: &Voices, text: &str) -> Result<Pcm, SpeechError> {
    voices.synthesise(text, Language::Fi, Pace::Normal).await
}

#[tokio::test]
async fn a_program_speaks_once_and_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("a.wav");
    fs_err::write(&wav, write_wav(&[100; 800]).unwrap()).unwrap();
    let log = folder.path().join("log");
    let voices = shell(&format!("cat >> {log}; cat {wav}", log = log.display(), wav = wav.display()));
    for _ in 0..2 {
        assert_eq!(say(&voices, " Hyvää päivää; $(touch x) ").await.unwrap().as_ref(), [100; 800]);
    }
    // The text came on standard input, and no shell read it.
    assert_eq!(fs_err::read_to_string(log).unwrap(), "Hyvää päivää; $(touch x)");
    assert_eq!(say(&voices, "  ").await.unwrap().len(), 0);
}

#[track_caller]
fn message(result: Result<Pcm, SpeechError>) -> String {
    result.map_or_else(|error| error.to_string(), |pcm| format!("{} samples", pcm.len()))
}

#[tokio::test]
async fn failures_name_the_program_and_never_the_text() {
    let said = message(say(&shell("cat; exit 3"), "salaisuus").await);
    let expected = "synthesis failed: `sh` ended with exit status: 3: try it in a terminal, or change `speech.voices`";
    assert_eq!(said, expected);
    let said = message(say(&shell("cat"), "salaisuus").await);
    assert!(said.starts_with("reading the recording failed") && !said.contains("salaisuus"), "{said}");
    let missing = Voices::new(options(Voice::Command(vec!["no-such-program".to_owned()])));
    let said = message(say(&missing, "salaisuus").await);
    assert!(said.contains("`no-such-program` cannot be started") && said.contains("`speech.voices`"), "{said}");
    assert!(message(say(&shell("cat"), &"a".repeat(CHARS_MAX + 1)).await).contains("say it in parts"));
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_and_the_queue_is_bounded() {
    let voices = Voices::new(VoiceOptions {
        time_max: Duration::from_millis(300),
        ..options(Voice::Command(["sleep", "60"].map(str::to_owned).to_vec()))
    });
    let (first, second, third) = tokio::join!(say(&voices, "a"), say(&voices, "b"), say(&voices, "c"));
    assert!(matches!(first, Err(SpeechError::TimedOut { .. })));
    assert!(matches!(second, Err(SpeechError::TimedOut { .. })));
    assert!(matches!(third, Err(SpeechError::Busy { what: "voices" })));
    // The places are free again.
    assert!(matches!(say(&voices, "d").await, Err(SpeechError::TimedOut { .. })));
}

#[test]
fn festival_reads_latin_1() {
    assert_eq!(latin1("Määrä – 5 €"), b"M\xe4\xe4r\xe4 - 5  euroa\n");
}

#[test]
fn the_slow_pace_reaches_the_program() {
    let words = ["piper", "--length_scale", "{length}"].map(str::to_owned);
    assert_eq!(with_length(&words, SLOW), ["piper", "--length_scale", "1.3"]);
    assert_eq!(espeak("sv", SLOW)[6], "115");
}
