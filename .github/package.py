"""What the workflow `systems` does, without make: installs the package and tests it. One argument, which torch.

    python .github/package.py newest | oldest | nightly

What a test needs beside the package and the group `test`, and does not find, makes it be skipped or left out.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CPU = "https://download.pytorch.org/whl/"
LEFT_OUT = ("tests/book", "tests/pages")
"""They are about the book, which Linux builds."""


def run(*words: str) -> None:
    print("+", *words, flush=True)
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=True)


def lower_bounds(dependencies: list[str]) -> list[str]:
    """`torch>=2.6,!=2.13.0` -> `torch==2.6.*`, of each."""
    return [re.sub(r">=([\d.]+).*", r"==\1.*", each) for each in dependencies]


def main(torch: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tests = [t for t in project["dependency-groups"]["test"] if t not in ("playwright", "axe-playwright-python")]
    bounds = lower_bounds(project["project"]["dependencies"]) if torch == "oldest" else []
    index = CPU + ("nightly/cpu" if torch == "nightly" else "cpu")
    wanted = [bound for bound in bounds if bound.startswith("torch")] or ["torch", "torchvision"]
    run("pip", "install", "--index-url", index, *["--pre"] * (torch == "nightly"), *wanted)
    # Some tests of the package read the book's notebooks and records, and protobuf the authors' files.
    run("pip", "install", "--editable", ".", *bounds, *tests, "onnx", "onnxscript", "protobuf", "nbformat", "scipy")
    run("pytest", "tests", *(word for folder in LEFT_OUT for word in ("--ignore", folder)))


if __name__ == "__main__":
    main(sys.argv[1])
