"""One recorded run: train on a folder, judge on its test split, and keep it in data/runs/.

NAME.json has the figures, NAME.pt the detector, for `dsod_lite.load_model`. (That of the drawn shapes, with which
`learn` begins, is then moved to dsod_lite/weights.)

    python book/experiments/record_run.py shapes_tiny data/shapes --minutes 5
    python book/experiments/record_run.py bccd_tiny downloads/bccd --minutes 20 --augmentation upless

What follows the folder goes to `python -m dsod_lite train`. The run itself, with its checkpoint, stays in runs/NAME; a
run that was stopped goes on when the same line is given again.
"""

import json
import subprocess
import sys
from pathlib import Path

from dsod_lite import load_model, save_model

ROOT = Path(__file__).resolve().parents[2]


def main(name: str, folder: str, *options: str) -> None:
    run = ROOT / "runs" / name
    package = [sys.executable, "-m", "dsod_lite"]
    subprocess.run([*package, "train", "--data", folder, *options, "--resume", "--output", str(run)], check=True)
    judged = ["--checkpoint", str(run), "--data", folder, "--split", "test", "--json", str(run / "test.json")]
    subprocess.run([*package, "evaluate", *judged], check=True)

    record = json.loads((run / "run.json").read_text())
    test = json.loads((run / "test.json").read_text())
    # The folder's name says which data they were; where it lay on this machine is nobody's business.
    record["command"] = f"python book/experiments/record_run.py {name} {Path(folder).name} {' '.join(options)}"
    record["test"] = test | {"data": Path(folder).name, "checkpoint": f"runs/{name}"}
    path = ROOT / "data" / "runs" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    save_model(path.with_suffix(".pt"), *load_model(run))
    print(f"recorded in {path.relative_to(ROOT)} and .pt")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
