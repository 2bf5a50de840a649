"""Grades three made-up students, from their files to feedback: Ada is right, Bob makes two usual mistakes, Eve cheats.

    python book/tools/grading_example.py FOLDER

makes a course with the assignment on boxes in FOLDER, and runs what a teacher would type. All of it works offline.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from assignments import build
from nbgrader.api import Gradebook

ASSIGNMENT = "02-boxes"
ADA = {
    "boxes-1-answer": "iou_on_paper = 1 / 7",
    "boxes-2-answer": "All pairs that do not touch are wrong; those apart in both directions come out above 0.",
    "boxes-4-answer": """\
from torchvision.ops import box_area

def giou(a, b):
    left_top = torch.maximum(a[:, None, :2], b[:, :2])
    right_bottom = torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (right_bottom - left_top).clamp(min=0).prod(dim=2)
    union = box_area(a)[:, None] + box_area(b) - shared
    far = torch.maximum(a[:, None, 2:], b[:, 2:]) - torch.minimum(a[:, None, :2], b[:, :2])
    around = far.prod(dim=2)
    return shared / union - (around - union) / around
""",
}
BOB = {
    "boxes-1-answer": "iou_on_paper = 6 / 48",
    "boxes-4-answer": "from torchvision.ops import box_iou\n\ndef giou(a, b):\n    return box_iou(a, b)",
}
EVE = {
    "boxes-1-answer": "import dsod_lite.exercises\ndsod_lite.exercises.grade = print\niou_on_paper = 1",
    "boxes-4-answer": "from dsod_lite.exercises import answers\nanswers.judge = lambda *_: ('right', '')\ngiou = 1",
}
COMMANDS = (("zip_collect",), ("autograde",), ("generate_feedback",))


def hand_in(course: Path, student: str, answers: dict[str, str]) -> None:
    """Fills in what students get, and puts it where a teacher puts the files that come by mail."""
    notebook = nbformat.read(course / "release" / ASSIGNMENT / "boxes.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    archive = course / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, archive / f"{student}_boxes.ipynb")


def nbgrader(course: Path, *command: str) -> None:
    """Runs a command of nbgrader. Raises RuntimeError with its output if it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    full = [sys.executable, "-m", "nbgrader", *command, ASSIGNMENT]
    done = subprocess.run(
        full, cwd=course, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"nbgrader {command[0]} failed:\n{done.stdout}{done.stderr}")


def scores(course: Path) -> dict[str, dict[str, float | None]]:
    """Points by student and cell; None where a person has to read the answer."""
    with Gradebook(f"sqlite:///{course.resolve()}/gradebook.db") as book:
        found: dict[str, dict[str, float | None]] = {}
        for submission in book.assignment_submissions(ASSIGNMENT):
            cells = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[submission.student.id] = {g.name: None if g.needs_manual_grade else g.score for g in cells}
        return found


def main() -> int:
    folder = Path(sys.argv[1])
    build(folder, ["boxes"])
    course = folder / "course"
    hand_in(course, "ada", ADA)
    hand_in(course, "bob", BOB)
    hand_in(course, "eve", EVE)
    for command in COMMANDS:
        print("nbgrader", *command, ASSIGNMENT)
        nbgrader(course, *command)
    for student, points in sorted(scores(course).items()):
        print(f"\n{student}")
        for cell, score in sorted(points.items()):
            print(f"  {cell:16} {'to be read' if score is None else f'{score:g}'}")
    print(f"\nWhat they get back: {course / 'feedback'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
