"""Writes what a course needs in which students build the detector: blank files, and graders for two platforms.

    python book/tools/detector_course.py _build/assignments/detector

In that folder, `repository/` is the template of a GitHub Classroom assignment, and `gradescope.zip` Gradescope's
autograder. Both ask the same questions as `python -m dsod_lite.exercises.own check`, Gradescope with other numbers.
"""

import sys
import zipfile
from pathlib import Path

from repository import configured

from dsod_lite.exercises.own.parts import PARTS, start

ROOT = Path(__file__).parents[2]
SECRET_SEED = 20_170_810
"""Of Gradescope's numbers. Choose your own, if your students read this."""

README = """\
# Your own detector

Each file in `detector` is a week's work; what it is about stands in it, and in the book's chapter. What you have not
written yet comes from the book's package, so a detector can be trained at any time.

```sh
pip install {source}
python -m dsod_lite.exercises.own check detector               # what is right, and what is wrong
python -m dsod_lite.exercises.own check detector --only boxes.py
python -m dsod_lite.exercises.own train detector --data the-book/data/shapes --minutes 5
```

| week | file | to write | chapter |
|---|---|---|---|
{rows}
"""
WORKFLOW = """\
name: check
on: push
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - run: git clone --depth 1 "https://x:${{{{ github.token }}}}@github.com/${{{{ github.repository }}}}" .
      - run: pip install --extra-index-url https://download.pytorch.org/whl/cpu {source}
      - run: python -m dsod_lite.exercises.own check detector
"""
SETUP = """\
#!/usr/bin/env bash
set -euo pipefail
apt-get update
apt-get install -y python3-pip git
pip3 install --break-system-packages --extra-index-url https://download.pytorch.org/whl/cpu {source}
"""
RUN = """\
#!/usr/bin/env bash
cd /autograder
python3 -m dsod_lite.exercises.own check submission --seed {seed} --json results/results.json || true
"""


def build(target: Path, url: str) -> None:
    """Writes both below `target`, for a book in the repository `url`."""
    source = f"git+{url}"
    rows = "\n".join(
        f"| {week} | {part.file} | {', '.join(f'`{name}`' for name in part.names)} | {part.chapter} |"
        for week, part in enumerate(PARTS, start=1)
    )
    repository = target / "repository"
    start(repository / "detector")
    workflow = repository / ".github/workflows/check.yml"
    workflow.parent.mkdir(parents=True, exist_ok=True)
    workflow.write_text(WORKFLOW.format(source=source), encoding="utf-8")
    (repository / "README.md").write_text(README.format(source=source, rows=rows), encoding="utf-8")
    with zipfile.ZipFile(target / "gradescope.zip", "w") as archive:
        for name, text in (("setup.sh", SETUP), ("run_autograder", RUN)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16  # Gradescope runs them
            archive.writestr(entry, text.format(source=source, seed=SECRET_SEED))


def main() -> int:
    target = Path(sys.argv[1])
    build(target, configured(ROOT)[0] or "ADDRESS-OF-THE-BOOK")
    print(f"GitHub Classroom's template: {target / 'repository'}\nGradescope's autograder: {target / 'gradescope.zip'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
