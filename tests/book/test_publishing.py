"""What publishes the book does what a reader does: the workflows call `make`, and nothing that is not there."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from chapters import ROOT
from packaging.requirements import Requirement

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
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
    called = [command.split()[:2] for command in commands]
    assert called
    assert {word for program, word in called if program == "make"} <= targets()
    assert all((ROOT / word).is_file() for program, word in called if program == "python")  # Windows has no make
    assert {program for program, _ in called} <= {"make", "git", "python"}


@each_workflow
def test_a_workflow_uses_actions_of_one_commit(path: Path) -> None:
    """A tag can be moved to other code; beside the commit stands the version that it is."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if " uses: " in line]
    assert lines
    for line in lines:
        assert re.search(r" uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@each_workflow
def test_a_workflow_leaves_no_credentials_behind(path: Path) -> None:
    fetched = [step for step in steps(path) if "actions/checkout@" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in fetched)
    workflow = read(path)
    for job in workflow["jobs"].values():
        assert "permissions" in job or workflow["permissions"] == {"contents": "read"}


def test_only_a_tried_wheel_of_a_tag_is_released() -> None:
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    assert "make wheel" in [step.get("run") for step in jobs["build"]["steps"]]
    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}  # no password: trusted publishing
    assert not [step for step in jobs["publish"]["steps"] if "password" in step.get("with", {})]


def test_other_systems_are_tried_with_each_python_and_the_oldest_torch() -> None:
    matrix = read(ROOT / ".github/workflows/systems.yml")["jobs"]["package"]["strategy"]["matrix"]
    tried = [(e["python"], e["torch"]) for e in matrix["include"]] + [
        (p, t) for p in matrix["python"] for t in matrix["torch"]
    ]
    assert {python for python, _ in tried} == {"3.11", "3.12", "3.13", "3.14"}
    assert {torch for _, torch in tried} == {"newest", "oldest", "nightly"}
    assert {name.split("-")[0] for name in matrix["system"]} == {"ubuntu", "windows", "macos"}


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


def test_hubs_and_codespaces_get_what_binder_gets() -> None:
    image = (ROOT / ".hub/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+)", image, re.MULTILINE)
    assert copied == [".binder/environment.yml"]
    assert (ROOT / copied[0]).is_file()
    python = re.search(r"^FROM \S+:python-(\S+)$", image, re.MULTILINE)
    assert f"python={python[1]}" in read(ROOT / ".binder/environment.yml")["dependencies"]
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == (ROOT / ".hub/Dockerfile").resolve()
    assert (ROOT / ".devcontainer" / container["build"]["context"]).resolve() == ROOT.resolve()


def test_the_container_s_jupyterlab_outlives_the_terminal_that_starts_it(tmp_path: Path) -> None:
    """`nohup program &` does not: the shell, and with it the terminal, ends before nohup has begun to ignore that."""
    program = tmp_path / "start-notebook.py"
    program.write_text(f"#!/bin/sh\nsleep 1\ntouch {tmp_path}/lives-$$\n", encoding="utf-8")
    program.chmod(0o755)
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    command = container["postStartCommand"].replace("/tmp/jupyter.log", str(tmp_path / "log"))
    terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", "/bin/sh", "-c", command]
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for _ in range(5):
        subprocess.run(terminal, env=environment, stdin=subprocess.DEVNULL, timeout=60, check=True)
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("lives-*"))) < 5 and time.monotonic() < until:
        time.sleep(0.1)
    assert len(list(tmp_path.glob("lives-*"))) == 5


def test_gitlab_does_what_github_does() -> None:
    job = read(ROOT / ".gitlab-ci.yml")["pages"]
    called = [command.split()[1] for command in job["script"] if command.startswith("make ")]
    assert called == ["lint", "book", "test"]
    assert set(called) <= targets()
    assert job["script"][-1] == "cp -r _build/html public"
    assert job["artifacts"]["paths"] == ["public"]


def test_the_form_for_errata_asks_for_the_page() -> None:
    form = read(ROOT / ".github/ISSUE_TEMPLATE/erratum.yml")
    required = [part["id"] for part in form["body"] if part.get("validations", {}).get("required")]
    assert required == ["page", "says", "expected"]


def test_every_place_has_the_same_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] in (version, "Unreleased")
    archive = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    assert archive["title"] == read(ROOT / "CITATION.cff")["title"]
    assert archive["creators"] == [{"name": author["name"]} for author in read(ROOT / "CITATION.cff")["authors"]]


@pytest.mark.parametrize("name", ["bug", "question", "erratum"])
def test_there_is_a_form_for_it(name: str) -> None:
    form = read(ROOT / f".github/ISSUE_TEMPLATE/{name}.yml")
    assert form["labels"] == [name]
    assert [part["id"] for part in form["body"] if part.get("validations", {}).get("required")]


def test_licences_are_named_as_they_are() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert "Creative Commons Attribution 4.0 International" in (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"]
