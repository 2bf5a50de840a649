"""python -m dsod_lite.exercises.own: begin the detector's files, check a week's, train and judge with them."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from ...support.errors import UserError
from ...support.files import write_json
from ...support.signals import while_read
from .parts import PARTS, start
from .results import Result, results

AP50 = 0.85
"""What the student's detector has to reach on the drawn test pictures for all of its points."""
POINTS = {"file": 10, "detector": 20}


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    weeks = "\n".join(f"  {i}  {part.file:15} {', '.join(part.names)}" for i, part in enumerate(PARTS, start=1))
    parser = argparse.ArgumentParser(
        prog="python -m dsod_lite.exercises.own",
        description="Write the detector yourself, a file a week. What you have not written comes from the package.",
        epilog=f"the weeks:\n{weeks}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sub = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    commands = {
        "start": "write the files, with empty bodies; those that are there stay",
        "check": "say what is right and what is wrong in them",
        "train": "train a detector made of them on the drawn pictures, judge it, and export it for the live page",
    }
    for name, words in commands.items():
        one = sub.add_parser(name, help=words, description=words)
        one.add_argument("folder", type=Path, nargs="?", default=Path("detector"), help="default: detector")
        if name == "check":
            one.add_argument("--only", metavar="FILE", action="append", choices=[part.file for part in PARTS])
            one.add_argument("--seed", type=int, default=0, help="another one asks with other numbers and sizes")
            one.add_argument("--json", type=Path, metavar="FILE", help="points, as Gradescope reads them")
        if name == "train":
            one.add_argument("--data", type=Path, default=Path("data/shapes"), help="default: data/shapes")
            one.add_argument("--minutes", type=float, default=5.0, help="default: 5")
            one.add_argument("--output", type=Path, default=Path("own_run"), help="the run's folder; default: own_run")
    return parser


def points(found: list[Result], detector: float | None = None) -> list[dict[str, object]]:
    """A row for each file: of its 10 points the share of its questions that are right. And the detector's, by AP50."""
    rows: list[dict[str, object]] = []
    for file in dict.fromkeys(result.file for result in found):
        own = [result for result in found if result.file == file]
        share = sum(not result.said for result in own) / len(own)
        words = "\n\n".join(f"{r.name}\n{r.said}" for r in own if r.said) or "all right"
        rows.append(_row(file, round(POINTS["file"] * share, 1), POINTS["file"], words))
    if detector is not None:
        share = min(1.0, max(0.0, detector) / AP50)
        rows.append(_row("the detector", round(POINTS["detector"] * share, 1), POINTS["detector"], f"{detector:.3f}"))
    return rows


def _row(name: str, score: float, of: int, output: str) -> dict[str, object]:
    return {"name": name, "score": score, "max_score": of, "output": output}


def check(folder: Path, seed: int, only: list[str] | None, target: Path | None) -> int:
    """Prints what is wrong, file by file, and how many are whole. 0 if all are."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; `start` makes one")
    found, file = [], ""
    for result in results(folder, seed, only):
        found.append(result)
        if result.file != file:
            file = result.file
            print(file)
        lines = result.said.splitlines() or ["right"]
        print(f"  {result.name:20} {lines[0] if len(lines) == 1 else 'not yet'}")
        print(*(f"      {line}" for line in lines if len(lines) > 1), sep="\n", end="\n" if len(lines) > 1 else "")
    if target is not None:
        write_json(target, {"tests": points(found)})
    return int(any(result.said for result in found))


def train(folder: Path, data: Path, minutes: float, output: Path) -> int:
    """Trains, judges and exports, each a command of the package's in a process with the student's files in it."""
    judged, exported = output / "test.json", output / "detector.onnx"
    steps = (
        ("train", "--data", str(data), "--minutes", f"{minutes:g}", "--output", str(output)),
        ("evaluate", "--checkpoint", str(output), "--data", str(data), "--split", "test", "--json", str(judged)),
        ("export", "--checkpoint", str(output), str(exported)),
    )
    for step in steps:
        command = [sys.executable, "-m", "dsod_lite.exercises.own.run", str(folder), *step]
        if status := subprocess.run(command, check=False).returncode:
            return status
    reached = json.loads(judged.read_text(encoding="utf-8"))["AP50"]
    print(f"your detector: AP50 {reached:.3f} of the {AP50} that it takes; {exported} is for the live page")
    return 0


def main() -> int:
    args = build_parser().parse_args()
    try:
        if args.command == "start":
            written = start(args.folder)
            print(*written, f"{len(written)} files written; those that were there are as they were", sep="\n")
            return 0
        if args.command == "check":
            return check(args.folder, args.seed, args.only, args.json)
        return train(args.folder, args.data, args.minutes, args.output)
    except BrokenPipeError:
        raise
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(while_read(main))
