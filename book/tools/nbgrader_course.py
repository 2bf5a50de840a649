"""The folder of an nbgrader course: its settings, the programs beside it, and its assignments."""

import os
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

CONFIG = '''\
"""An nbgrader course: see https://nbgrader.readthedocs.io, and the book's page on grading."""

import sys
from pathlib import Path

c = get_config()
c.CourseDirectory.course_id = "dsod"
c.ClearSolutions.code_stub = {"python": ""}  # the cell has its own beginning, which stays
c.ClearSolutions.text_stub = "What you did, what you saw, and why you think it is so:"
c.Execute.timeout = 300

# Whose a file is that students send, or that a learning platform packs: `collecting.py`, beside this file.
sys.path.insert(0, str(Path(__file__).parent))
c.ZipCollectApp.collector_plugin = "collecting.Collector"
'''


def write(notebook: NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def begin(course: Path) -> NbGraderAPI:
    """Makes the folder of an nbgrader course, with its settings and what collects submissions."""
    course.mkdir(parents=True, exist_ok=True)
    (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    for name in ("collecting.py", "feedback.py"):
        shutil.copy(Path(__file__).with_name(name), course)
    mathjax = Path(str(files("sphinx-mathjax-offline"))) / "static" / "mathjax"
    shutil.copy(mathjax / "tex-svg.js", course / "mathjax.js")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic
    return NbGraderAPI(config=settings(course))


def release(api: NbGraderAPI, course: Path, name: str, notebook: NotebookNode) -> None:
    """Writes an assignment's two versions. Raises RuntimeError, with what nbgrader says, if it cannot."""
    write(notebook, course / "source" / name / f"{re.sub(r'^[0-9]+-', '', name)}.ipynb")
    result = api.generate_assignment(name, force=True)
    if not result["success"]:
        raise RuntimeError(f"{name}: {result.get('error') or result['log']}")


def settings(course: Path) -> Config:
    """The course's own configuration, for nbgrader in Python."""
    file = course / "nbgrader_config.py"
    space: dict[str, Any] = {"config": Config(), "__file__": str(file)}
    space["get_config"] = lambda: space["config"]
    exec(file.read_text(encoding="utf-8"), space)
    space["config"].CourseDirectory.root = str(course.resolve())
    return space["config"]
