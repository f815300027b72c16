"""Modules of the user's own in a whole life: trained, judged, tuned, pickled, saved and loaded."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import diabolo
from diabolo import MLP, Autoencoder, Custom, DivergedError, EarlyStopping, FileError, SettingError, Training
from diabolo.checks import example_rows

X = example_rows(33, 6)


def encoder(width: int = 4) -> nn.Module:
    return nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.Tanh(), nn.Linear(width, 2))


def decoder() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 5), nn.BatchNorm1d(5), nn.Dropout(0.2), nn.Linear(5, 6))


def fitted(**settings: object) -> Autoencoder:
    torch.manual_seed(0)
    training = Training(**({"epochs": 3, "batch_size": 8, "lr": 0.01} | settings))
    return Autoencoder(encoder=Custom(encoder(), decoder()), training=training, random_state=0).fit(X)


def statistics(ae: Autoencoder) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in ae.module_.float_buffers().items()}


def assert_same(a: Autoencoder, b: Autoencoder) -> None:
    assert np.array_equal(a.transform(X), b.transform(X))
    assert np.array_equal(a.reconstruct(X), b.reconstruct(X))
    assert statistics(a).keys() == statistics(b).keys()
    for name, value in statistics(a).items():
        assert np.array_equal(value, statistics(b)[name])


def test_statistics_are_learnt_in_fit_and_left_alone_after_it() -> None:
    ae = fitted()
    before = statistics(ae)
    # 33 rows in batches of 8 leave one row, which has no variance: four updates an epoch.
    assert before["encoder.module.1.num_batches_tracked"] == 12
    assert not np.allclose(before["encoder.module.1.running_mean"], 0.0)
    assert not ae.module_.training
    ae.module_.train()
    assert np.array_equal(ae.reconstruct(X), ae.reconstruct(X))
    assert np.array_equal(ae.transform(X[:1]), ae.transform(X)[:1])
    ae.score(X)
    assert all(np.array_equal(value, before[name]) for name, value in statistics(ae).items())


def test_a_trained_model_computes_what_pytorch_computes() -> None:
    ae = fitted()
    net = ae.module_.encoder.module.eval()
    rows = torch.from_numpy(ae.scaler_.forward(X, np.dtype("float32")))
    with torch.no_grad():
        wanted = net(rows).numpy()
    # Products of 33 rows and of 256 round differently.
    np.testing.assert_allclose(ae.transform(X), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 9])
def test_one_row_alone_is_no_error(rows: int) -> None:
    ae = Autoencoder(
        encoder=Custom(encoder(), decoder()), training=Training(epochs=1, batch_size=1), scaling=None
    )
    assert np.isfinite(ae.fit(X[:rows]).transform(X)).all()


def test_dropout_works_in_batches_of_one() -> None:
    seen = []

    class Watched(nn.Dropout):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(self.training)
            return super().forward(x)

    net = nn.Sequential(nn.Linear(6, 2), Watched(0.5))
    Autoencoder(encoder=Custom(net, nn.Linear(2, 6)), training=Training(epochs=1, batch_size=1)).fit(X[:3])
    assert seen[-4:-1] == [True] * 3  # the last pass is that of the kept codes
    assert not seen[-1]


def test_frozen_modules_keep_their_statistics() -> None:
    ae = fitted()
    tuned = ae.fine_tune(2 * X, freeze=["encoder"])
    before, after = statistics(ae), statistics(tuned)
    assert np.array_equal(tuned.transform(X), ae.transform(X))
    for name, value in before.items():
        assert np.array_equal(value, after[name]) == name.startswith("encoder")


def test_what_starts_anew_starts_with_the_statistics_of_the_module() -> None:
    ae = fitted()
    tuned = ae.fine_tune(X, reset=["decoder"], training=Training(epochs=1, batch_size=8))
    assert statistics(tuned)["encoder.module.1.num_batches_tracked"] == 16
    assert statistics(tuned)["decoder.module.1.num_batches_tracked"] == 4


def test_early_stopping_goes_back_to_the_statistics_of_the_best_epoch() -> None:
    kept: list[dict[str, np.ndarray]] = []

    def note(event: diabolo.training.loop.Event) -> None:
        kept.append({name: value.numpy().copy() for name, value in event.model.float_buffers().items()})

    settings = Training(epochs=30, batch_size=8, lr=0.3, early_stopping=EarlyStopping(2), validation=0.3)
    ae = Autoencoder(encoder=Custom(encoder(), decoder()), training=settings, random_state=0)
    ae.fit(X, callbacks=[note])
    assert ae.status_ == "early_stopped"
    best = int(np.argmin(ae.history_["val_loss"]))
    for name, value in statistics(ae).items():
        assert np.array_equal(value, kept[best][name])


def test_a_model_that_diverged_keeps_finite_statistics() -> None:
    torch.manual_seed(0)
    ae = Autoencoder(
        encoder=Custom(encoder(), decoder()),
        training=Training(epochs=50, batch_size=8, lr=1e30, optimizer="sgd"),
        random_state=0,
    )
    with pytest.raises(DivergedError):
        ae.fit(X)
    assert all(np.isfinite(value).all() for value in statistics(ae).values())
    assert np.isfinite(ae.transform(X)).all()


def test_layers_that_share_weights_go_on_sharing_them() -> None:
    net = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 2))
    net[1].weight = net[0].weight
    ae = Autoencoder(encoder=Custom(net, nn.Linear(2, 6)), training=Training(epochs=2), random_state=0).fit(X)
    inner = ae.module_.encoder.module
    assert torch.equal(inner[0].weight, inner[1].weight)
    assert not torch.equal(inner[0].weight, net[0].weight)


def test_pickles_and_files_hold_the_statistics(tmp_path: Path) -> None:
    ae = fitted()
    assert_same(pickle.loads(pickle.dumps(ae)), ae)
    loaded = diabolo.load(ae.save(tmp_path / "model"), modules=(encoder(), decoder()))
    assert_same(loaded, ae)
    torch.manual_seed(1)
    tuned = ae.fine_tune(X)
    torch.manual_seed(1)
    assert_same(loaded.fine_tune(X), tuned)
    assert_same(diabolo.load(loaded.save(tmp_path / "again"), modules=[encoder(), decoder()]), ae)


def test_one_half_of_ones_own_is_enough(tmp_path: Path) -> None:
    ae = Autoencoder(encoder=MLP((3,)), decoder=Custom(decoder=decoder()), training=Training(epochs=1)).fit(X)
    path = ae.save(tmp_path / "model")
    with pytest.raises(
        FileError, match=r"modules=\(None, decoder\)\).*its decoder was a Sequential with 0\.bias"
    ):
        diabolo.load(path)
    assert_same(diabolo.load(path, modules=(None, decoder())), ae)


def test_the_file_holds_no_code_and_says_what_to_give(tmp_path: Path) -> None:
    path = fitted().save(tmp_path / "model")
    text = (path / "model.json").read_text()
    assert '"kind": "custom"' in text
    assert '"encoder": "Sequential"' in text
    with pytest.raises(
        FileError, match=r"(?s)modules=\(encoder, decoder\)\).*was a Sequential with 0\.bias \(4,\)"
    ):
        diabolo.load(path)
    with pytest.raises(FileError, match=r"modules=\(encoder, decoder\)\)"):
        diabolo.load(path, modules=(encoder(), None))


@pytest.mark.parametrize(
    ("modules", "error", "sentence"),
    [
        (
            (encoder(5), decoder()),
            FileError,
            r"should have shape \(5,\), the file has \(4,\)",
        ),
        (
            (decoder(), encoder()),
            FileError,
            r"do not fit the saved model.*failed on a batch of shape \(2, 6\)",
        ),
        ((nn.Linear(6, 3), decoder()), FileError, r"to \(2, 3\), expected \(2, 2\)"),
        (encoder(), SettingError, r"must be a pair \(encoder, decoder\)"),
        ((nn.Linear, nn.Linear), SettingError, r"must be a pair \(encoder, decoder\)"),
    ],
)
def test_wrong_modules_are_refused(tmp_path: Path, modules: object, error: type, sentence: str) -> None:
    with pytest.raises(error, match=f"(?s){sentence}"):
        diabolo.load(fitted().save(tmp_path / "model"), modules=modules)


def test_modules_that_are_not_needed_are_refused(tmp_path: Path) -> None:
    path = Autoencoder(encoder=MLP((3,)), training=Training(epochs=1)).fit(X).save(tmp_path / "model")
    with pytest.raises(SettingError, match="load it without modules="):
        diabolo.load(path, modules=(encoder(), decoder()))
