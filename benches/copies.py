"""Writes the content several times over, to see how the cost of a turn grows with it.

    python3 benches/copies.py 10 FOLDER
    neuvo --config FOLDER/neuvo.toml bench turn

FOLDER gets `knowledge/` with so many versions of each benefit, `intents/`, and a configuration that names the model of this folder. In each copy the
first examples of every list are turned into other letters, so that no two topics are the same to a model that learns from them.
"""

import argparse
import re
import shutil
import string
from pathlib import Path

TURNED = 5
LONG_WORD = 4


def turned(text: str, by: int) -> str:
    """The long words of a text with each letter moved on in the alphabet."""
    letters = string.ascii_lowercase
    moved = str.maketrans(letters, letters[by:] + letters[:by])
    return " ".join(word.translate(moved) if len(word) >= LONG_WORD else word for word in text.lower().split(" "))


def turn_examples(text: str, by: int) -> str:
    """An `examples.toml` with the first examples of each list turned."""
    lines, done = [], TURNED
    for line in text.splitlines():
        if re.match(r"(fi|sv|en) = \[", line):
            done = 0
        example = re.match(r'  "([^"\\]*)",$', line)
        if example and done < TURNED:
            done += 1
            line = f'  "{turned(example[1], by)}",'
        lines.append(line)
    return "\n".join(lines) + "\n"


def rename(text: str, benefits: list[str], ending: str) -> str:
    """An article whose own topics, links and facts are those of the copy."""
    names = "|".join(map(re.escape, sorted(benefits, key=len, reverse=True)))
    _, front, body = text.split("+++", 2)
    front = re.sub(rf'"({names})\.([a-z-]+)"', rf'"\g<1>{ending}.\g<2>"', front)
    body = re.sub(r"\{\{\s*([a-z-]+)/", rf"{{{{\g<1>{ending}/", body)
    body = re.sub(rf"(\((?:topic:)?)({names})\.", rf"\g<1>\g<2>{ending}.", body)
    return f"+++{front}+++{body}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("times", type=int, choices=range(2, 27), metavar="TIMES", help="how often each topic is written, 2 to 26")
    parser.add_argument("folder", type=Path, help="a new folder")
    arguments = parser.parse_args()
    here, folder = Path.cwd(), arguments.folder
    knowledge = folder / "knowledge"
    if folder.exists():
        parser.error(f"{folder} is there already: name a new folder")
    for name in ("knowledge", "intents"):
        shutil.copytree(here / name, folder / name)
    benefits = sorted(path.name for path in (here / "knowledge").iterdir() if path.is_dir())
    endings = [f"-{string.ascii_lowercase[n]}" for n in range(1, arguments.times)]
    for by, ending in enumerate(endings, 1):
        for benefit in benefits:
            copy = knowledge / f"{benefit}{ending}"
            copy.mkdir()
            for path in (here / "knowledge" / benefit).iterdir():
                text = path.read_text(encoding="utf-8")
                if path.suffix == ".md":
                    text = rename(text, benefits, ending)
                elif path.name == "examples.toml":
                    text = turn_examples(text, by)
                (copy / path.name).write_text(text, encoding="utf-8")

    def more(found: re.Match[str]) -> str:
        topics = re.findall(r'"([^"]+)"', found[1])
        copies = [f"{benefit}{ending}.{name}" for ending in endings for benefit, name in (topic.split(".") for topic in topics)]
        return "topics = [" + ", ".join(f'"{topic}"' for topic in topics + copies) + "]"

    subjects = knowledge / "subjects.toml"
    subjects.write_text(re.sub(r"topics = \[([^\]]*)\]", more, subjects.read_text(encoding="utf-8")), encoding="utf-8")
    model = here / "models" / "multilingual-e5-small"
    (folder / "neuvo.toml").write_text(
        f'[content]\nroot = "{folder.resolve()}"\n[model]\nfolder = "{model}"\n[data]\nfolder = "{folder.resolve() / "data"}"\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
