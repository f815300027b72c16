"""Trainings that are stopped and go on, and what it means that two are the same."""

from __future__ import annotations

import numpy as np
import torch
from steps import save_at_every_step
from torch import nn

from diabolo import MLP, SGD, Autoencoder, Custom, EarlyStopping, Gaussian, GaussianNoise, Training
from diabolo.checks import example_rows
from diabolo.storage.checkpoints import Checkpoints

X = example_rows(70, 6).astype(np.float64)
SMALL = MLP((5,), activation="tanh")


class KilledError(BaseException):
    """What stands for a SIGKILL: nothing handles it."""


def _module(n_in, n_out):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(n_in, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(0.3), nn.Linear(7, n_out)
    )


KINDS = {
    "plain": {"training": Training(epochs=3, batch_size=1, optimizer="sgd")},
    "noisy": {
        "latent": Gaussian(2),
        "corruption": GaussianNoise(0.2, clip=False),
        "training": Training(epochs=3, batch_size=2, precision="float64", snapshots=5, clip_norm=1.0),
    },
    "watched": {
        "training": Training(
            epochs=30,
            batch_size=8,
            lr=0.1,
            schedule="constant",
            early_stopping=EarlyStopping(4),
            validation=0.3,
        )
    },
    "momentum": {"training": Training(epochs=2, batch_size=1, optimizer=SGD(0.9), drop_last=True)},
    "own": {
        "encoder": Custom(_module(6, 2), _module(2, 6)),
        "training": Training(epochs=8, batch_size=2, early_stopping=EarlyStopping(2)),
    },
}


def make(kind, **training):
    settings = {"encoder": SMALL, "random_state": 3} | KINDS[kind]
    return Autoencoder(**settings).set_params(**{f"training__{k}": v for k, v in training.items()})


def fit(kind, **training):
    torch.manual_seed(7)  # decides the dropout of the modules
    return make(kind, **training).fit(X)


def assert_same_training(a, b):
    """Raise unless two estimators are the same but for the seconds they took."""
    for name, value in a.module_.state_dict().items():
        assert torch.equal(value, b.module_.state_dict()[name]), name
    assert a.fitted().moments.keys() == b.fitted().moments.keys()
    assert all(torch.equal(v, b.fitted().moments[k]) for k, v in a.fitted().moments.items())
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in e.history_.epochs] for e in (a, b)]
    assert rows[0] == rows[1]
    assert [row["epoch"] for row in rows[0]] == list(range(1, a.n_iter_ + 1))
    assert a.history_.steps.keys() == b.history_.steps.keys()
    for name, values in a.history_.steps.items():
        np.testing.assert_array_equal(values, b.history_.steps[name])
    for ours, theirs in zip(a.history_.snapshots, b.history_.snapshots, strict=True):
        for name, values in ours.items():
            np.testing.assert_array_equal(values, theirs[name])
    assert (a.status_, a.n_iter_, a.seed_) == (b.status_, b.n_iter_, b.seed_)
    np.testing.assert_array_equal(a.codes_, b.codes_)


def kill_after(monkeypatch, saves):
    """Save at every opportunity; the process dies after so many saves."""
    left = [saves]
    save = Checkpoints.save

    def die(self, tensors, told):
        done = save(self, tensors, told)
        left[0] -= 1
        if left[0] == 0:
            raise KilledError
        return done

    save_at_every_step(monkeypatch)
    monkeypatch.setattr(Checkpoints, "save", die)
