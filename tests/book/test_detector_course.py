"""The course in which students build the detector: what is written for the platforms."""

import zipfile
from pathlib import Path

import detector_course
import yaml

from dsod_lite.exercises.own.parts import PARTS

ROOT = Path(__file__).parents[2]


def test_the_platforms_get_what_they_run(tmp_path: Path) -> None:
    detector_course.build(tmp_path, "https://github.com/ada/book")
    assert {p.name for p in (tmp_path / "repository/detector").iterdir()} == {part.file for part in PARTS}
    workflow = yaml.safe_load((tmp_path / "repository/.github/workflows/check.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["check"]["steps"]]
    assert "${{ github.repository }}" in commands[0]
    assert commands[1].endswith(" git+https://github.com/ada/book")
    with zipfile.ZipFile(tmp_path / "gradescope.zip") as archive:
        assert {i.filename: i.external_attr >> 16 & 0o777 for i in archive.infolist()} == {
            "setup.sh": 0o755,
            "run_autograder": 0o755,
        }
        assert b"--json results/results.json" in archive.read("run_autograder")
