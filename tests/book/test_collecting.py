"""Whose submission a file is, in the forms that students and platforms give it, and what would not be graded."""

import json
import shutil
import sys
from pathlib import Path, PurePath

import collecting
import nbformat
import pytest
from collecting import Collector, defects, problems, sent

from dsod_lite.exercises import CONTENTS

FORMS = {
    "by hand": ("{student}_{chapter}.ipynb", "ada"),
    "a name with an underscore": ("{student}_{chapter}.ipynb", "anna_maria"),
    "in the student's folder": ("{student}/{chapter}.ipynb", "ada"),
    "saved again by a browser": ("{student}_{chapter} (1).ipynb", "ada"),
    "copied in Colab": ("Copy of {student}_{chapter}.ipynb", "ada"),
    "Moodle, a folder each": ("{student}_12345_assignsubmission_file/{chapter}.ipynb", "Ada Lovelace"),
    "older Moodle": ("{student}_12345_assignsubmission_file_/{chapter}.ipynb", "Ada Lovelace"),
    "Moodle, with the name once more": ("{student}_12345_assignsubmission_file/ada_{chapter}.ipynb", "Ada Lovelace"),
    "Moodle, in one folder": ("all/{student}_12345_assignsubmission_file_{chapter}.ipynb", "b.b"),
    "Canvas": ("{student}_12345_67890_{chapter}.ipynb", "lovelaceada"),
    "Canvas, late and again": ("{student}_LATE_12345_67890_{chapter}-2.ipynb", "lovelaceada"),
    "Blackboard": ("Week_2_{student}_attempt_2026-10-05-12-34-56_{chapter}.ipynb", "al123"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_s_name_says_who_sent_which_chapter(form: str) -> None:
    path, student = FORMS[form]
    for chapter in CONTENTS:
        found = sent(PurePath(path.format(student=student, chapter=chapter)))
        assert found is not None
        assert (found.student, found.chapter) == (student, chapter)


def test_a_week_of_the_course_is_an_assignment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sent(PurePath("ada_week_1.ipynb")) is None
    for week in ("week_1", "week_11"):
        (tmp_path / "source" / week).mkdir(parents=True)
    names = {"ada_week_1": "week_1", "ada_week_11": "week_11", "Copy of ada_week_1 (2)": "week_1", "ada_boxes": "boxes"}
    for name, chapter in names.items():
        found = sent(PurePath(f"{name}.ipynb"))
        assert found is not None
        assert (found.student, found.chapter) == ("ada", chapter)


@pytest.mark.parametrize(
    "name", ["boxes.ipynb", "ada_homework.ipynb", ".._boxes.ipynb", "../boxes.ipynb", "._boxes.ipynb", "ada_boxes.pdf"]
)
def test_other_names_say_nothing(name: str) -> None:
    assert sent(PurePath(name)) is None


def extracted(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "downloaded/03-data/extracted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder / "downloaded/03-data/extracted"


def test_of_several_files_the_latest_counts_and_the_rest_is_named(tmp_path: Path) -> None:
    folder = extracted(
        tmp_path,
        *("ada_data.ipynb", "ada_data (1).ipynb", "anna_maria_data.ipynb", "anna_lena_data.ipynb"),
        *("ada_your_own_data.ipynb", "notes.ipynb", "bob_data.ipynb", "bob/data.ipynb", "read.txt"),
        *("Eve Ng_1_assignsubmission_file/data.ipynb", "Eve Ng_2_assignsubmission_file/data.ipynb"),
        *("x_cy_attempt_2026-10-05-12-34-56_data.ipynb", "x_cy_attempt_2026-10-06-01-00-00_data.ipynb"),
    )
    wrong = {path.relative_to(folder).as_posix(): why for path, why in problems(folder, "data").items()}
    assert wrong == {
        "ada_data.ipynb": "ada sent a later one, too",
        "ada_your_own_data.ipynb": "ada's your_own_data, which is another assignment",
        "notes.ipynb": "whose is it? Its name should be NAME_data.ipynb",
        "bob_data.ipynb": "bob sent 2 of these: leave one",
        "bob/data.ipynb": "bob sent 2 of these: leave one",
        "Eve Ng_1_assignsubmission_file/data.ipynb": "two students are called Eve Ng: give one another name",
        "Eve Ng_2_assignsubmission_file/data.ipynb": "two students are called Eve Ng: give one another name",
        "x_cy_attempt_2026-10-05-12-34-56_data.ipynb": "cy sent a later one, too",
    }
    collector = Collector()
    taken = {
        path.relative_to(folder).as_posix(): found["student_id"]
        for path in folder.rglob("*.ipynb")
        if (found := collector.collect(str(path)))
    }
    assert taken == {
        "ada_data (1).ipynb": "ada",
        "anna_maria_data.ipynb": "anna_maria",
        "anna_lena_data.ipynb": "anna_lena",
        "x_cy_attempt_2026-10-06-01-00-00_data.ipynb": "cy",
    }


def cell(name: str | None, source: str) -> nbformat.NotebookNode:
    metadata = {"nbgrader": {"grade_id": name}} if name else {}
    return nbformat.v4.new_markdown_cell(source, metadata=metadata)


def notebook(path: Path, *cells: nbformat.NotebookNode) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return path


def test_a_notebook_that_would_lose_marks_is_named_before_it_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = cell("data-1-answer", "…"), cell("data-2-answer", "…")
    notebook(tmp_path / "release/03-data/data.ipynb", a, b)
    archive = tmp_path / "downloaded/03-data/archive"
    notebook(archive / "ada_data.ipynb", a, b, cell(None, " "))
    notebook(archive / "bob_data.ipynb", a, cell(None, "It is the hyphen."), b, cell("data-2-answer", "…"))
    notebook(archive / "cy_data.ipynb", cell(None, "made anew"), b)
    (archive / "dan_data.ipynb").write_text("<html>", encoding="utf-8")
    (archive / "ed_data.ipynb").write_text(json.dumps([1]), encoding="utf-8")
    (archive / "fay_data.ipynb").write_text(json.dumps({"cells": [{"metadata": None}]}), encoding="utf-8")
    (archive / "gil_data.ipynb").write_text("[" * 10_000, encoding="utf-8")
    notebook(tmp_path / "eve/data.ipynb", a, b)
    shutil.make_archive(str(archive / "eve"), "zip", tmp_path / "eve")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["collecting.py", "03-data"])
    assert collecting.main() == 1
    no_notebook = "    it is no notebook: was it saved whole, and not as Python or HTML?"
    assert capsys.readouterr().out.splitlines() == [
        "bob_data.ipynb",
        "    there are 2 cells data-2-answer: leave one",
        "    a new cell below data-1-answer: nobody is asked to read it; move its words into the answer",
        "cy_data.ipynb",
        "    the cell data-1-answer is missing: its mark would be lost",
        "    a new cell below the beginning: nobody is asked to read it; move its words into the answer",
        "dan_data.ipynb",
        no_notebook,
        "ed_data.ipynb",
        no_notebook,
        "fay_data.ipynb",
        no_notebook,
        "gil_data.ipynb",
        no_notebook,
        "8 notebooks, of which 2 will be graded as they are",
    ]
    assert defects(archive / "ada_data.ipynb", tmp_path / "release/03-data/data.ipynb") == []

    monkeypatch.setattr(sys, "argv", ["collecting.py", "04-priors"])
    assert collecting.main() == 2
    assert "there is no downloaded/04-priors/archive" in capsys.readouterr().err
