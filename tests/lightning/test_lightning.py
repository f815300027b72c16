"""Training under Lightning's Trainer: the same as ``fit``, whatever Lightning does beside."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from PIL import Image

import diabolo
from diabolo import Autoencoder, Training, datasets, recipes
from diabolo.errors import DivergedError, FileError, MissingExtraError, SettingError
from diabolo.lightning import ArrayDataModule, AutoencoderModule, ImageFolderDataModule, ddp
from diabolo.training.settings import GENERAL

pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.fabric.utilities.warnings.PossibleUserWarning"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory"),
]

# The optimisers add up in another order; a few dozen steps make no more of it.
SAME = {"float64": 1e-9, "float32": 1e-5}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)


@pytest.fixture(name="X", scope="module")
def digits() -> Any:
    return datasets.load_digits()[0][:230]


def make_trainer(**options: Any) -> Trainer:
    plain = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(**{"accelerator": "cpu", "enable_model_summary": False, **plain, **options})


def trained(
    estimator: Autoencoder, X: Any, epochs: int = 2, data: Any = None, **options: Any
) -> AutoencoderModule:
    module = AutoencoderModule(estimator)
    make_trainer(max_epochs=epochs, **options).fit(module, ArrayDataModule(X) if data is None else data)
    return module


def assert_same_course(a: Any, b: Any, tolerance: float) -> None:
    """Two fitted estimators have the same history, at steps and at epochs."""
    assert list(a.history_.steps) == list(b.history_.steps)
    # Steps are kept in float32.
    for name, values in a.history_.steps.items():
        np.testing.assert_allclose(values, b.history_.steps[name], rtol=max(tolerance, 1e-6), atol=1e-7)
    assert [list(line) for line in a.history_.epochs] == [list(line) for line in b.history_.epochs]
    for name in a.history_.epochs[0]:
        if name != "seconds":
            np.testing.assert_allclose(
                a.history_[name], b.history_[name], rtol=tolerance, atol=tolerance * 1e-2, err_msg=name
            )


CASES: dict[str, dict[str, Any]] = {
    "linear": {},
    "deep": {"encoder__hidden": (16,), "training__clip_norm": 0.5},
    "beta_vae": {"encoder__hidden": (16,), "penalties__kl__warmup": 0.5},
    "mmd": {"encoder__hidden": (16,)},
    "denoising": {"encoder__hidden": (16,)},
    "contractive": {},
    "topological": {"encoder__hidden": (16,)},
    "sparse": {"training__optimizer": "sgd", "training__lr": 1e-3, "training__optimizer__momentum": 0.9},
    "spherical": {"encoder__hidden": (16,), "training__optimizer": "adamw", "training__drop_last": True},
}


@pytest.mark.parametrize("recipe", list(CASES))
def test_the_course_is_that_of_fit(recipe: str, X: Any) -> None:
    common = {"training__epochs": 2, "training__validation": 0.1, "training__precision": "float64"}
    made = recipes.RECIPES[recipe](random_state=3, **{**common, "training__batch_size": 60}).set_params(
        **CASES[recipe]
    )
    alone, module = made.fit(X), trained(made, X)
    under = module.to_estimator()
    assert_same_course(alone, under, SAME["float64"])
    np.testing.assert_allclose(alone.transform(X), under.transform(X), rtol=1e-6, atol=1e-7)
    assert under.status_ == "finished"
    assert under.n_iter_ == 2


@pytest.mark.parametrize("recipe", ["beta_vae", "mmd"])
def test_the_course_is_that_of_fit_in_single_precision(recipe: str, X: Any) -> None:
    made = recipes.RECIPES[recipe](random_state=0, training__epochs=3, encoder__hidden=(16,))
    assert_same_course(made.fit(X), trained(made, X, 3).to_estimator(), SAME["float32"])


def test_what_comes_out_is_a_fitted_estimator(X: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame(X * 7 - 3, columns=[f"pixel {i}" for i in range(64)])
    given = Autoencoder(training=Training(epochs=1), random_state=1)
    module = trained(given, frame)
    made = module.to_estimator()
    assert not hasattr(given, "scaler_")
    assert made.scaler_.kind == "standard"
    assert list(made.feature_names_in_) == list(frame.columns)
    assert made.random_state == 1
    assert made.device == "auto"
    again = diabolo.load(made.save(tmp_path / "model"))
    np.testing.assert_array_equal(again.transform(frame), made.transform(frame))
    assert made.codes_.shape == (230, 2)
    assert made.fine_tune(frame, training=Training(epochs=1)).n_iter_ == 1
    # forward and predict take and give the user's units.
    rows = torch.tensor(frame.to_numpy(), dtype=torch.float32)
    np.testing.assert_allclose(module(rows).detach().numpy(), made.reconstruct(frame), rtol=1e-4, atol=1e-4)
    loader = torch.utils.data.DataLoader(rows, batch_size=100)
    codes: Any = make_trainer().predict(module, loader)
    np.testing.assert_allclose(torch.cat(codes).numpy(), made.transform(frame), rtol=1e-4, atol=1e-5)


def test_a_target_and_a_seed_that_is_drawn(X: Any) -> None:
    made = Autoencoder(random_state=None)
    module = trained(
        made, X, data=ArrayDataModule(X, target=1 - X, validation=(X[:9], 1 - X[:9]), batch_size=50)
    )
    under = module.to_estimator()
    assert under.random_state is None
    assert under.training.batch_size == 50
    alone = Autoencoder(
        random_state=module._prepared.drawn, training=GENERAL.replace(batch_size=50, epochs=2)
    )  # type: ignore[union-attr]
    alone.fit(X, target=1 - X, validation=(X[:9], 1 - X[:9]))
    assert_same_course(alone, under, SAME["float32"])


def test_early_stopping_of_the_estimator_goes_back_to_the_best_weights(X: Any) -> None:
    training = Training(
        epochs=30, early_stopping=True, validation=0.3, lr=0.05, schedule="constant", precision="float64"
    )
    made = Autoencoder(
        training=training.replace(early_stopping={"kind": "patience", "patience": 2}), random_state=0
    )
    alone, under = made.fit(X), trained(made, X, 30).to_estimator()
    assert alone.status_ == under.status_ == "early_stopped"
    assert alone.n_iter_ == under.n_iter_ < 30
    np.testing.assert_allclose(alone.transform(X), under.transform(X), rtol=1e-4, atol=1e-5)


def test_every_term_is_logged_and_lightnings_own_tools_work(X: Any, tmp_path: Path) -> None:
    made = recipes.vae(random_state=0, encoder__hidden=(16,), training__batch_size=40)
    stop = EarlyStopping("val_kl", patience=0, mode="max")  # the divergence falls, or rises once
    logger = CSVLogger(tmp_path)
    options: dict[str, Any] = {
        "precision": "bf16-mixed",
        "gradient_clip_val": 0.1,
        "accumulate_grad_batches": 2,
    }
    module = AutoencoderModule(made)
    trainer = make_trainer(max_epochs=9, logger=logger, callbacks=[stop], log_every_n_steps=2, **options)
    trainer.fit(module, ArrayDataModule(X, validation=X[:50]))
    logger.save()
    logged = pd.read_csv(Path(logger.log_dir) / "metrics.csv")
    history = module.to_estimator().history_
    for name in set(history.epochs[0]) - {"epoch", "seconds"}:
        shown = logged[name].dropna().to_numpy()
        np.testing.assert_allclose(shown, history[name], rtol=1e-5, atol=1e-9, err_msg=name)
    assert {"loss_step", "reconstruction_step", "kl_step"} <= set(logged.columns)
    assert module.to_estimator().n_iter_ < 9 or stop.stopped_epoch == 0
    assert np.isfinite(history["loss"]).all()
    # The cosine is over the Trainer's steps, of which accumulation leaves half.
    assert trainer.global_step == 3 * len(history)


class Cut(Callback):
    """Ends a training as a fault would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            raise KeyError("cut")


@pytest.mark.parametrize("every", [{"every_n_epochs": 1}, {"every_n_train_steps": 3}])
def test_a_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(
    every: dict[str, int], X: Any, tmp_path: Path
) -> None:
    made = recipes.beta_vae(random_state=None, encoder__hidden=(16,))
    made.set_params(training__batch_size=50, training__validation=0.1, training__early_stopping=True)
    saver = ModelCheckpoint(tmp_path, filename="last", enable_version_counter=False, **every)  # type: ignore[arg-type]
    stopped = AutoencoderModule(made)
    trainer = make_trainer(max_epochs=4, callbacks=[saver, Cut(11)], enable_checkpointing=True)
    with pytest.raises(KeyError):
        trainer.fit(stopped, ArrayDataModule(X))
    assert stopped.to_estimator().status_ == "interrupted"
    resumed = AutoencoderModule(made)
    make_trainer(max_epochs=4).fit(resumed, ArrayDataModule(X), ckpt_path=str(tmp_path / "last.ckpt"))
    whole = trained(made.set_params(random_state=stopped._prepared.drawn), X, 4).to_estimator()  # type: ignore[union-attr]
    again = resumed.to_estimator()
    np.testing.assert_array_equal(again.history_.steps["loss"], whole.history_.steps["loss"])
    np.testing.assert_array_equal(again.history_["val_loss"], whole.history_["val_loss"])
    np.testing.assert_array_equal(again.transform(X), whole.transform(X))


def test_a_checkpoint_is_read_without_running_code(X: Any, tmp_path: Path) -> None:
    saver = ModelCheckpoint(tmp_path, filename="last")
    module = trained(recipes.vae(random_state=0), X, 1, callbacks=[saver], enable_checkpointing=True)
    path = tmp_path / "last.ckpt"
    torch.load(path, weights_only=True)
    loaded = AutoencoderModule.load_from_checkpoint(path)
    np.testing.assert_array_equal(loaded.to_estimator().transform(X), module.to_estimator().transform(X))
    judged = make_trainer().validate(loaded, ArrayDataModule(X, validation=X[:40]), verbose=False)
    assert judged[0]["val_loss"] > 0
    with pytest.raises(SettingError, match=r"another training: .*latent"):
        make_trainer(max_epochs=2).fit(
            AutoencoderModule(recipes.vae(3, random_state=0)), ArrayDataModule(X), ckpt_path=str(path)
        )
    evil = tmp_path / "evil.ckpt"
    torch.save({"diabolo": Path("x"), "state_dict": {}}, evil)
    with pytest.raises(FileError, match="running code"):
        AutoencoderModule.load_from_checkpoint(evil)
    evil.write_bytes(path.read_bytes()[:900])
    with pytest.raises(FileError):
        AutoencoderModule.load_from_checkpoint(evil)
    torch.save({"state_dict": {}}, evil)
    with pytest.raises(FileError, match="no checkpoint of an AutoencoderModule"):
        AutoencoderModule.load_from_checkpoint(evil)
    with pytest.raises(FileError, match="there is no"):
        AutoencoderModule.load_from_checkpoint(tmp_path / "none.ckpt")


def test_a_second_training_goes_on_from_the_weights(X: Any) -> None:
    module = trained(recipes.linear(random_state=0), X, 3)
    first = module.to_estimator()
    other = ArrayDataModule(X[:100] / 2)
    make_trainer(max_epochs=2).fit(module, other)
    second = module.to_estimator()
    assert list(second.history_["epoch"]) == [1, 2, 3, 4, 5]
    assert len(first.history_) == 3
    assert second.codes_.shape == (100, 2)


def test_a_training_that_diverges_keeps_the_last_good_weights(X: Any) -> None:
    module = AutoencoderModule(recipes.vae(random_state=0, training__lr=1e6, training__batch_size=16))
    with pytest.raises(DivergedError, match="in epoch 1, step"):
        make_trainer(max_epochs=3).fit(module, ArrayDataModule(X))
    made = module.to_estimator()
    assert made.status_ == "diverged"
    assert np.isfinite(made.transform(X)).all()


def test_pictures_of_a_folder(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for split, n in (("train", 30), ("judge", 8)):
        (tmp_path / split).mkdir()
        for i in range(n):
            pixels = noise.integers(0, 255, (9, 7), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / split / f"{i:02}.png")
    data = ImageFolderDataModule(
        tmp_path / "train", validation=tmp_path / "judge", resize=(8, 6), batch_size=8
    )
    made = trained(recipes.convolutional(random_state=0), None, 1, data).to_estimator()
    assert made.image_shape == (1, 8, 6)
    assert made.n_features_in_ == 48
    assert "val_loss" in made.history_.epochs[0]
    with pytest.raises(FileError, match="no folder of pictures"):
        trained(Autoencoder(), None, 1, ImageFolderDataModule(tmp_path / "nowhere"))


def test_what_cannot_be_done_is_said(X: Any) -> None:
    with pytest.raises(SettingError, match="takes an Autoencoder or its parameters, got 3"):
        AutoencoderModule(3)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="Autoencoder and latent"):
        AutoencoderModule(Autoencoder(), latent=2)
    module = AutoencoderModule(latent=3, reconstruction="bernoulli")
    with pytest.raises(SettingError, match="has not been trained"):
        module.to_estimator()
    rows = torch.utils.data.DataLoader(torch.as_tensor(X))
    with pytest.raises(SettingError, match=r"got loaders; use Trainer.fit\(module, ArrayDataModule"):
        make_trainer(max_epochs=1).fit(module, rows)
    with pytest.raises(SettingError, match="has not been trained"):
        make_trainer().validate(module, ArrayDataModule(X, validation=X))
    with pytest.raises(SettingError, match="no validation samples"):
        make_trainer().validate(trained(Autoencoder(training=Training()), X, 1), ArrayDataModule(X))
    for options in ({"timeout": 0}, {"timeout": float("nan")}, {"start": "soon"}):
        with pytest.raises(SettingError, match="must be a positive number of seconds"):
            ddp(**options)  # type: ignore[arg-type]


def test_without_lightning_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n == "diabolo.lightning" or n.startswith("diabolo.lightning.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(MissingExtraError, match=r'pip install "diabolo\[lightning\]"'):
        importlib.import_module("diabolo.lightning")
