"""A whole assignment rehearsed, from handing out to feedback, with five made-up students.

    python book/tools/grading_example.py FOLDER

makes a course with the assignment on boxes in FOLDER and runs what a teacher would type. Ada is right, Kai is right in
other words, Bob makes usual mistakes, Eve attacks, and Dan's file comes broken. All of it works offline.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from assignments import build
from nbgrader.api import Gradebook

ASSIGNMENT = "02-boxes"
GIOU = """\
from torchvision.ops import box_area

def giou(a, b):
    left_top = torch.maximum(a[:, None, :2], b[:, :2])
    right_bottom = torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (right_bottom - left_top).clamp(min=0).prod(dim=2)
    union = box_area(a)[:, None] + box_area(b) - shared
    far = torch.maximum(a[:, None, 2:], b[:, 2:]) - torch.minimum(a[:, None, :2], b[:, :2])
    around = far.prod(dim=2)
    return shared / union - (around - union) / around
"""
LOOPS = """\
def giou(a, b):
    table = []
    for one in a.tolist():
        row = []
        for two in b.tolist():
            w, h = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
            s = max(w, 0) * max(h, 0)
            u = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1]) - s
            c = (max(one[2], two[2]) - min(one[0], two[0])) * (max(one[3], two[3]) - min(one[1], two[1]))
            row.append(s / u - (c - u) / c)
        table.append(row)
    return table
"""
SENT: dict[str, dict[str, str]] = {
    "ada_boxes.ipynb": {
        "boxes-1-answer": "iou_on_paper = 1 / 7",
        "boxes-2-answer": "About half, all that do not touch. Those apart in both directions come out above 0.",
        "boxes-3-answer": "114 of 410 still look like boxes, with a mean IoU of 0.37. Only drawing them shows it.",
        "boxes-4-answer": GIOU,
        "boxes-4-words": "1 for equal boxes; near -1, and never there, for small ones far apart.",
    },
    "Copy of kai_boxes (1).ipynb": {
        "boxes-1-answer": 'iou_on_paper = "0.143"',
        "boxes-2-answer": "49 %, and 7.6 % wrong and above 0, where both differences are negative.",
        "boxes-4-answer": LOOPS,
        "boxes-4-words": "Between -1 and 1.",
    },
    "bob_boxes.ipynb": {
        "boxes-1-answer": "iou_on_paper = 6 / 48",
        "boxes-2-answer": "None, because clamp does nothing here.",
        "boxes-4-answer": "from torchvision.ops import box_iou\n\ndef giou(a, b):\n    return box_iou(a, b)",
    },
    "eve_boxes.ipynb": {
        "boxes-1-answer": "import dsod_lite.exercises\ndsod_lite.exercises.grade = print\niou_on_paper = 1",
        "boxes-4-answer": "from dsod_lite.exercises import answers\n"
        "answers.judge = lambda *_: ('right', '')\nexit()\ngiou = 1",
    },
    "dan_boxes (1).ipynb": {
        "boxes-1-answer": "iou_on_paper = 6 / 42",
        "boxes-4-answer": "def giou(a, b:\n    return 1",
    },
}
"""What each file says, by the cells of the assignment. Dan's comes a second time, for the first one is cut off."""
READ: dict[str, dict[str, float]] = {
    "ada": {"boxes-2-answer": 2, "boxes-3-answer": 2, "boxes-4-words": 1},
    "kai": {"boxes-2-answer": 2, "boxes-4-words": 0.5},
    "bob": {"boxes-2-answer": 0},
}
"""The points of a teacher who has read the written answers beside the rubrics."""


def hand_in(course: Path) -> None:
    """Fills in what students get, and puts it where a teacher puts the files that come by mail."""
    released = (course / "release" / ASSIGNMENT / "boxes.ipynb").read_text(encoding="utf-8")
    archive = course / "downloaded" / ASSIGNMENT / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    for name, answers in SENT.items():
        notebook = nbformat.reads(released, as_version=4)
        for cell in notebook.cells:
            cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
        nbformat.write(notebook, archive / name)
    (archive / "dan_boxes.ipynb").write_text(released[: len(released) // 2], encoding="utf-8")


def command(course: Path, *words: str, expected: int = 0) -> str:
    """Runs a program of Python in the course's folder. Raises RuntimeError with its output if it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, *words, ASSIGNMENT],
        cwd=course, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != expected:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def read_by_a_teacher(course: Path) -> None:
    """What one does in Formgrader: gives the written answers their points."""
    with Gradebook(f"sqlite:///{course.resolve()}/gradebook.db") as book:
        for student, points in READ.items():
            for cell, score in points.items():
                grade = book.find_grade(cell, "boxes", ASSIGNMENT, student)
                grade.manual_score, grade.needs_manual_grade = score, False
        book.db.commit()


def scores(course: Path) -> dict[str, dict[str, float | None]]:
    """Points by student and cell; None where a person still has to read the answer."""
    with Gradebook(f"sqlite:///{course.resolve()}/gradebook.db") as book:
        found: dict[str, dict[str, float | None]] = {}
        for submission in book.assignment_submissions(ASSIGNMENT):
            cells = [grade for notebook in submission.notebooks for grade in notebook.grades]
            found[submission.student.id] = {g.name: None if g.needs_manual_grade else g.score for g in cells}
        return found


def rows(found: dict[str, dict[str, float | None]]) -> str:
    cells = sorted({cell for points in found.values() for cell in points})
    lines = [f"{'':16}" + "".join(f"{student:>12}" for student in sorted(found))]
    for cell in cells:
        shown = ["to be read" if (p := found[s].get(cell)) is None else f"{p:g}" for s in sorted(found)]
        lines.append(f"{cell:16}" + "".join(f"{each:>12}" for each in shown))
    totals = [f"{sum(points for points in found[s].values() if points):g}" for s in sorted(found)]
    return "\n".join([*lines, f"{'':16}" + "".join(f"{total:>12}" for total in totals)])


def main() -> int:
    folder = Path(sys.argv[1])
    build(folder, ["boxes"])
    course = folder / "course"
    hand_in(course)
    print(f"$ python collecting.py {ASSIGNMENT}")
    print(command(course, "collecting.py", expected=1))
    (course / "downloaded" / ASSIGNMENT / "archive" / "dan_boxes.ipynb").unlink()
    print(f"$ nbgrader zip_collect {ASSIGNMENT}")
    command(course, "-m", "nbgrader", "zip_collect")
    begun = time.perf_counter()
    print(f"$ nbgrader autograde {ASSIGNMENT}")
    command(course, "-m", "nbgrader", "autograde")
    seconds = (time.perf_counter() - begun) / len(SENT)
    print(f"\n{rows(scores(course))}\n\n... the written answers are read ...\n")
    read_by_a_teacher(course)
    print(rows(scores(course)))
    print(f"\n$ nbgrader generate_feedback {ASSIGNMENT}")
    command(course, "-m", "nbgrader", "generate_feedback")
    print(f"$ python feedback.py {ASSIGNMENT}\n{command(course, 'feedback.py').strip()}")
    print(f"\nWhat they get back: {course / 'feedback'}")
    print(f"Grading took {seconds:.0f} seconds a student: {30 * seconds / 60:.0f} minutes for thirty.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
