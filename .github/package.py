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
    """`torch>=2.6,!=2.13.0` -> `torch==2.6.*`, for torch and what goes with it."""
    found = [re.match(r"(torch|torchvision)>=([\d.]+)", each) for each in dependencies]
    return [f"{each[1]}=={each[2]}.*" for each in found if each]


def main(torch: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tests = [t for t in project["dependency-groups"]["test"] if t not in ("playwright", "axe-playwright-python")]
    wanted = {
        "newest": ["torch", "torchvision"],
        "oldest": lower_bounds(project["project"]["dependencies"]),
        "nightly": ["--pre", "torch", "torchvision"],
    }[torch]
    index = CPU + ("nightly/cpu" if torch == "nightly" else "cpu")
    run("pip", "install", "--index-url", index, *wanted)
    # The books' notebooks are read by some tests of the package, and protobuf reads the authors' files.
    run("pip", "install", "--editable", ".", *tests, "onnx", "onnxscript", "protobuf", "nbformat", "pyyaml")
    run("pytest", "tests", *(word for folder in LEFT_OUT for word in ("--ignore", folder)))


if __name__ == "__main__":
    main(sys.argv[1])
