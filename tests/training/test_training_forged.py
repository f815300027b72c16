"""Checkpoints that are sealed and wrong: every field and tensor, found by walking, against values that it cannot have.

What a checkpoint says is refused in one line of ours, or a training goes on from it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import forge, text_of
from safetensors.torch import load_file

from diabolo import MLP, Autoencoder, Training
from diabolo.checks import example_rows
from diabolo.errors import CheckpointWarning, DiaboloError, SettingError, VersionWarning

X = example_rows(30, 4)
OTHERS = (
    True,
    False,
    "x",
    "",
    None,
    [],
    [None],
    {},
    {"kind": 1},
    -1,
    -(10**30),
    10**30,
    10**400,
    0.5,
    1e308,
    float("nan"),
)


def _walk(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in items:
        yield from _walk(value, (*path, key))


def _at(plain: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        plain = plain[key]
    return plain


def _changed(plain: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(plain)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _one_line(error: BaseException) -> None:
    assert "\n" not in str(error)
    # Of another training every setting that differs is named.
    assert isinstance(error, SettingError) or len(str(error)) < 900, str(error)


def _training(folder: Path, stop: bool) -> Autoencoder:
    training = Training(epochs=3, snapshots=2, early_stopping=True, validation=0.2, checkpoint=folder)
    ae = Autoencoder(encoder=MLP((3,)), training=training, random_state=0)
    return ae.fit(X, callbacks=[lambda event: event.stop()] if stop else [])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    _training(folder, stop=True)
    (path,) = folder.glob("*.safetensors")
    return path


def _goes_on(folder: Path) -> bool:
    """Whether a training goes on, and not the error of ours that says why it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckpointWarning)
        warnings.simplefilter("ignore", VersionWarning)
        try:
            ae = _training(folder, stop=False)
        except DiaboloError as error:
            _one_line(error)
            return False
    assert len(ae.history_) == 3
    assert np.isfinite(ae.transform(X)).all()
    return True


def test_every_field_of_a_checkpoint_holds_what_it_may(checkpoint: Path, tmp_path: Path) -> None:
    told, tensors = text_of(checkpoint), load_file(checkpoint)
    forge(tmp_path / "it", tensors, told)
    assert _goes_on(tmp_path / "it")
    for path in _walk(told):
        if len(path) > 1 and path[0] in ("settings", "made_by"):
            continue  # compared with those of the training, and words that nothing depends on
        for value in OTHERS:
            old = _at(told, path)
            if (type(old), old) == (type(value), value) or (path == ("made_by",) and value == {}):
                continue
            if path == ("trained",) and value == []:
                continue  # a callback may have frozen every parameter
            forge(tmp_path / "it", tensors, _changed(told, path, value))
            # Another number where a number is may be true.
            alike = (
                isinstance(old, int | float)
                and isinstance(value, int | float)
                and not isinstance(value, bool)
            )
            assert not _goes_on(tmp_path / "it") or alike, (path, value)


def test_every_tensor_of_a_checkpoint_has_the_length_that_it_must(checkpoint: Path, tmp_path: Path) -> None:
    told, tensors = text_of(checkpoint), load_file(checkpoint)
    for name, value in tensors.items():
        wrong = {
            "empty": value.reshape(-1)[:0],
            "twice": torch.cat([value.reshape(-1)] * 2),
            "text": value.reshape(-1)[:1],
        }
        for how, other in wrong.items():
            if other.shape == value.shape:
                continue
            forge(tmp_path / "it", tensors | {name: other.clone()}, told)
            assert not _goes_on(tmp_path / "it"), (name, how, tuple(value.shape), tuple(other.shape))
