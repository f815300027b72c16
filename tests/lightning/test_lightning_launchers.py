"""Several machines, imitated on this one: a command line is started once for each, as launchers start it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from launching import ended, fit_command, free_port, start

EPOCHS = 3
Launched = subprocess.Popen[str]
Launcher = Callable[[list[str], int, str], Launched]


def by_hand(command: list[str], node: int, port: str) -> Launched:
    """As a person starts it on each machine."""
    return start(command, MASTER_ADDR="127.0.0.1", MASTER_PORT=port, NODE_RANK=str(node))


def by_torchrun(command: list[str], node: int, port: str) -> Launched:
    """As ``torchrun`` does, which is a script for this module."""
    machines = ["--nnodes", "2", "--node-rank", str(node), "--nproc-per-node", "1"]
    place = ["--master-addr", "127.0.0.1", "--master-port", port]
    return start(["-m", "torch.distributed.run", *machines, *place, *command])


def by_slurm(command: list[str], node: int, port: str) -> Launched:
    """With the variables that ``srun`` gives to a task."""
    told = {
        "SLURM_JOB_ID": "4242",
        "SLURM_JOB_NAME": "diabolo",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "1",
        "SLURM_NNODES": "2",
        "SLURM_NODELIST": "localhost",
        "SLURM_PROCID": str(node),
        "SLURM_NODEID": str(node),
        "SLURM_LOCALID": "0",
    }
    return start(command, MASTER_PORT=port, **told)


@pytest.fixture(name="one_machine", scope="module")
def _one_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes on one machine."""
    out = tmp_path_factory.mktemp("one") / "run"
    ended([start(fit_command(out, EPOCHS, "--trainer", "lightning", "--devices", "2"))])
    return out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "second"), [(by_hand, "run"), (by_hand, "other"), (by_torchrun, "run"), (by_slurm, "run")]
)
def test_two_machines_make_the_run_of_one(
    launcher: Launcher, second: str, one_machine: Path, tmp_path: Path
) -> None:
    out, port = tmp_path / "run", free_port()
    places = [out, tmp_path / second]
    more = ["--trainer", "lightning", "--devices", "1", "--num-nodes", "2"]
    told = ended(
        [launcher(fit_command(place, EPOCHS, *more), node, port) for node, place in enumerate(places)]
    )
    # Only the first process says where the run is, and only its folder is written.
    assert [output for output, _ in told] == [f"{out}\n", ""]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    names = [sorted(str(p.relative_to(run)) for p in run.rglob("*")) for run in (out, one_machine)]
    assert names[0] == names[1]
    weights = [(run / "model" / "model.safetensors").read_bytes() for run in (out, one_machine)]
    assert weights[0] == weights[1]
