"""What publishes the book does what a reader does: the workflows call `make`, and nothing that is not there."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from chapters import ROOT
from packaging.requirements import Requirement

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = {
    "actions/checkout": "v4",
    "actions/setup-python": "v5",
    "actions/upload-artifact": "v4",
    "actions/upload-pages-artifact": "v3",
    "actions/deploy-pages": "v4",
}
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def targets() -> set[str]:
    """What the Makefile offers, as `make help` lists it."""
    done = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(re.findall(r"^make (\w+)", done.stdout, re.MULTILINE))


@each_workflow
def test_a_workflow_runs_what_the_makefile_has(path: Path) -> None:
    commands = [step["run"] for step in steps(path) if "run" in step]
    called = [command.split()[1] for command in commands if command.startswith("make ")]
    assert called
    assert set(called) <= targets()
    assert {c.split()[0] for c in commands} <= {"make", "git"}


@each_workflow
def test_a_workflow_uses_actions_of_a_known_version(path: Path) -> None:
    used = [step["uses"].split("@") for step in steps(path) if "uses" in step]
    assert [name for name, version in used if ACTIONS.get(name) != version] == []


def test_what_is_published_has_been_tested() -> None:
    workflow = read(ROOT / ".github/workflows/book.yml")
    jobs = workflow["jobs"]
    assert jobs["publish"]["needs"] == "test"
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert "pull_request" in workflow[True]  # YAML reads `on` as true
    commands = [step.get("run") for step in jobs["test"]["steps"]]
    assert commands.index("make book") < commands.index("make test")
    (site,) = [s["with"]["path"] for s in jobs["test"]["steps"] if "upload-pages" in s.get("uses", "")]
    assert f"pages := {site}/index.html" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_week_the_newest_versions_are_tried_and_the_links_followed() -> None:
    workflow = read(ROOT / ".github/workflows/weekly.yml")
    (when,) = workflow[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", when["cron"])
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert {"make lock upgrade=--upgrade", "make links"} <= set(commands)


def test_binder_gets_what_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    elsewhere = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
    there = [Requirement(r) for r in read(ROOT / ".binder/environment.yml")["dependencies"] if ">=" in r]
    found = {r.name: str(r.specifier) for r in there}
    lowest = {elsewhere.get(name, name): str(s).split(",")[-1] for name, s in needed.items()}
    assert found == lowest


def test_the_form_for_errata_asks_for_the_page() -> None:
    form = read(ROOT / ".github/ISSUE_TEMPLATE/erratum.yml")
    required = [part["id"] for part in form["body"] if part.get("validations", {}).get("required")]
    assert required == ["page", "says", "expected"]


def test_licences_are_named_as_they_are() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert "Creative Commons Attribution 4.0 International" in (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
