"""The exercises as the chapters have them."""

from pathlib import Path

from exercises import chapters, read_exercises

from dsod_lite.exercises.contents import all_exercises

ROOT = Path(__file__).parents[2]


CHAPTERS = {path.stem: path for path in chapters(ROOT)}


WRITTEN = {
    f"{name}.{place}": written
    for name, path in CHAPTERS.items()
    for place, written in enumerate(read_exercises(path), start=1)
}


CHECKED = [e.name for e in all_exercises() if e.has_check]
