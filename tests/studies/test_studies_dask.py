"""Studies on a Dask cluster, here one of two processes on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from tolerances import SCORES, WHOLE_TRAINING, assert_near

from diabolo import MLP, Autoencoder, Training
from diabolo.studies import Study, fit_stack

BASE = Autoencoder(
    latent=1, encoder=MLP((4,)), training=Training(epochs=2, batch_size=16, precision="float64")
)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", protocol="tcp://"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def assert_same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Tables are equal but for the seconds, and up to rounding."""
    one, other = (table.drop(columns="seconds") for table in (got, expected))
    pd.testing.assert_frame_equal(one, other, rtol=SCORES, atol=SCORES)


def test_a_cluster_gives_the_same_table(client: Any) -> None:
    X = np.random.default_rng(0).random((200, 3))
    axes = {"training.lr": [1e-3, 1e-2], "encoder.hidden": [(3,), (4, 2)]}
    study = Study(BASE, axes, repeats=2, data=X)
    local = study.run()
    sent = _bytes_sent(client)
    with parallel_config(backend="dask", scatter=[X]):
        there = study.run(stack_size=1)
    # There models train one by one, here as a stack.
    assert_same(there, local)
    assert _bytes_sent(client) == sent + 1
    models = [BASE.set_params(random_state=seed) for seed in range(3)]
    alone = fit_stack(models, X)
    with parallel_config(backend="dask"):
        clustered = fit_stack(models, X, stack_size=1)
    for a, b in zip(alone, clustered, strict=True):
        assert_near(b.transform(X), a.transform(X), WHOLE_TRAINING)


def _bytes_sent(client: Any) -> int:
    """How many times rows have been scattered: names of data on the cluster that hold an array."""
    return sum("ndarray" in str(key) for key in client.who_has())


@pytest.mark.parametrize("models", [24, pytest.param(400, marks=pytest.mark.slow)])
def test_a_worker_that_is_killed_loses_no_row(client: Any, models: int) -> None:
    X = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    study = Study(BASE, {"training.lr": np.geomspace(1e-4, 1e-2, models // 4).tolist()}, repeats=4, data=X)
    local, killed = study.run(), []

    def kill(done: int, due: int, _: int) -> None:
        if not killed and done >= due // 2:
            victim = sorted(client.run(os.getpid).values())[0]
            killed.append(victim)
            os.kill(victim, signal.SIGKILL)

    with parallel_config(backend="dask", scatter=[X]):
        there = study.run(stack_size=max(1, models // 40), progress=kill)
    assert killed
    assert_same(there, local)
