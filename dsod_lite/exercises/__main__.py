"""python -m dsod_lite.exercises: check an answer, or list all exercises."""

import argparse
import sys
from pathlib import Path

from ..support.errors import UserError
from ..support.signals import while_read
from .answers import NOT_YET, RIGHT, UNANSWERED, AnswerError, check_file
from .contents import CONTENTS, Exercise, all_exercises, find

EPILOG = """\
An exercise is named by its chapter's file and its place there, such as boxes.4, or with the chapter's number, 2.4.
What it asks for belongs into a file of the chapter's name: answers/boxes.py defines `giou`, say.
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m dsod_lite.exercises",
        description="The book's exercises.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    checking = sub.add_parser("check", help="check your answers, and say what is wrong with them")
    checking.add_argument("names", nargs="+", metavar="NAME", help="an exercise (boxes.4, 2.4), or a chapter (boxes)")
    listing = sub.add_parser("list", help="all exercises with their grade, and which of them you have solved")
    for each in (checking, listing):
        each.add_argument("--answers", type=Path, default=Path("answers"), metavar="FOLDER", help="default: answers")
    return parser


def chosen(name: str) -> list[Exercise]:
    """The exercise of that name, or the checked exercises of the chapter."""
    if name in CONTENTS:
        return [e for e in all_exercises() if e.chapter == name and e.has_check]
    return [find(name)]


def check_all(names: list[str], answers: Path) -> int:
    """Prints a verdict for each. 0 if all are right, else 1."""
    verdicts = []
    for exercise in [e for name in names for e in chosen(name)]:
        verdict, text = check_file(exercise, answers)
        verdicts.append(verdict)
        print(text)
    return int(any(verdict != RIGHT for verdict in verdicts))


def list_all(answers: Path) -> int:
    """Prints all exercises, chapter by chapter."""
    marks = {RIGHT: "right", NOT_YET: "not yet", UNANSWERED: ""}
    broken = set()
    for number, chapter in enumerate(CONTENTS, start=1):
        print(f"{number} {chapter}")
        for exercise in [e for e in all_exercises() if e.chapter == chapter]:
            mark = "no check"
            if exercise.has_check and chapter not in broken:
                try:
                    mark = marks[check_file(exercise, answers)[0]]
                except AnswerError as error:
                    broken.add(chapter)
                    mark = str(error)
            print(f"  {exercise.number:5} {'★' * exercise.stars:4} {exercise.title:34} {mark}".rstrip())
    return 0


def main() -> int:
    args = build_parser().parse_args()
    try:
        return list_all(args.answers) if args.command == "list" else check_all(args.names, args.answers)
    except BrokenPipeError:
        raise
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(while_read(main))
