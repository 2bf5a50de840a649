"""The examples for Slurm and Kubernetes: what they start is a command that there is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dsod_lite.__main__ import build_parser
from dsod_lite.commands.train import config_from
from dsod_lite.training.recipe import RECIPES
from dsod_lite.training.sharing import share_of

CLUSTERS = Path(__file__).parents[2] / "book" / "scale" / "clusters"


def checked(command: list[str]) -> None:
    """The words after `-m dsod_lite` are a training that can be resumed, of the recipe as it is."""
    start = command.index("-m")
    assert command[start + 1] == "dsod_lite"
    args = build_parser().parse_args(command[start + 2 :])
    config = config_from(args)
    assert args.command == "train"
    assert args.resume
    assert (config.batch_size, config.norm_batch_size) == (128, RECIPES["voc0712"].norm_batch_size)


def test_slurm_starts_torchrun_on_every_node(tmp_path: Path) -> None:
    """With stand-ins for Slurm's two programs and torchrun, which writes down what it was given."""
    stand_ins = {
        "scontrol": 'test "$1 $2 $3" = "show hostnames node[1-2]" && printf "node1\\nnode2\\n"',
        "srun": '"$@"',
        "torchrun": 'printf "%s\\n" "$@" > "$GIVEN"',
    }
    for name, line in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{line}\n")
        (tmp_path / name).chmod(0o755)
    given = tmp_path / "given"
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "GIVEN": str(given),
        "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_ID": "77",
    }  # fmt: skip
    subprocess.run(["bash", str(CLUSTERS / "slurm.sh")], env=environment, check=True)
    command = given.read_text().splitlines()
    assert command[command.index("--rdzv-endpoint") + 1] == "node1:29500"
    assert command[command.index("--nnodes") + 1] == "2"
    checked(command)


def test_torchrun_knows_the_options_that_slurm_gives_it() -> None:
    words = (CLUSTERS / "slurm.sh").read_text().split("srun torchrun")[1].split("-m dsod_lite")[0].split()
    options = {word for word in words if word.startswith("--")}
    shown = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert options
    assert all(option in shown for option in options)


def test_kubernetes_starts_the_same(tmp_path: Path) -> None:
    job = yaml.safe_load((CLUSTERS / "pytorchjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    worker = job["spec"]["pytorchReplicaSpecs"]["Worker"]
    (container,) = worker["template"]["spec"]["containers"]
    assert container["command"][0] == "torchrun"
    checked(container["command"])
    assert int(job["spec"]["nprocPerNode"]) == container["resources"]["limits"]["nvidia.com/gpu"]
    volumes = {volume["name"] for volume in worker["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


@pytest.mark.parametrize("world", [1, 2, 4, 8, 16, 32])
def test_the_recipe_is_shared_out_evenly(world: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsod_lite.training.sharing.world_size", lambda: world)
    share = share_of(RECIPES["voc0712"])
    assert (share.pictures * world, len(share.portions) * world, share.together) == (128, 32, False)
