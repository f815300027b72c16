"""Networks that start at PCA: exactly there, wherever and however they are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import diabolo
from diabolo import MLP, Autoencoder, EarlyStopping, Gaussian, Mirror, Residual, Training, datasets
from diabolo.errors import SettingError
from diabolo.export.torch_modules import to_torch_modules
from diabolo.networks import Network
from diabolo.networks.linear_start import whitening_axes
from diabolo.studies import fit_stack

SPECS = [MLP((16, 12), skip="pca"), MLP((), skip="pca"), Residual(2, width=16, skip="pca")]
STILL = Training(epochs=1, lr=1e-30, schedule="constant", precision="float64")


def model(
    encoder: Network = SPECS[0], latent: Any = 3, training: Training = STILL, **more: Any
) -> Autoencoder:
    return Autoencoder(
        latent, encoder=encoder, training=training, **({"random_state": 0, "verbose": False} | more)
    )


def table(n: int = 90, p: int = 7, rank: int | None = None, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if rank is None:
        return rng.normal(size=(n, p)) * rng.uniform(0.5, 20, p) + rng.normal(size=p) * 100
    return rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p))


def pca_error(train: np.ndarray, rows: np.ndarray, dim: int) -> float:
    """The squared error a row of PCA in standardised units."""
    spread = np.where(train.std(0) > 0, train.std(0), 1)
    A, B = (train - train.mean(0)) / spread, (rows - train.mean(0)) / spread
    pca = PCA(min(dim, *A.shape), svd_solver="full").fit(A)
    return float(((pca.inverse_transform(pca.transform(B)) - B) ** 2).sum(1).mean())


def with_constant_columns() -> np.ndarray:
    X = table(60, 6)
    X[:, [1, 4]] = 3.0
    return X


TABLES = {
    "table": table(),
    "more features than rows": table(20, 60),
    "low rank": table(80, 9, rank=2),
    "constant columns": with_constant_columns(),
    "two rows": table(2, 5),
}


@pytest.mark.parametrize("dim", [1, 3, 12], ids=lambda d: f"{d} codes")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_error_before_the_first_step_is_that_of_pca(spec: Network, name: str, dim: int) -> None:
    X = TABLES[name]
    ae = model(spec, dim).fit(X)
    assert -ae.score(X) == pytest.approx(pca_error(X, X, dim), abs=1e-10 * X.shape[1])
    new = 0.7 * X + 0.3 * X[::-1]
    assert -ae.score(new) == pytest.approx(pca_error(X, new, dim), rel=1e-6)


def test_codes_start_white_and_the_gaussian_likelihoods_mean_is_pcas() -> None:
    X = table()
    codes = model(latent=3).fit(X).transform(X)
    np.testing.assert_allclose(np.cov(codes.T, bias=True), np.eye(3), atol=1e-10)
    np.testing.assert_allclose(codes.mean(0), 0, atol=1e-10)
    ae = model(reconstruction="gaussian").fit(X)
    error = (((ae.reconstruct(X) - X) / X.std(0)) ** 2).sum(1).mean()
    assert error == pytest.approx(pca_error(X, X, 3), rel=1e-10)
    vae = model(latent=Gaussian(3)).fit(X)
    np.testing.assert_allclose(vae.transform(X), codes, atol=1e-10)


@pytest.mark.parametrize(("loss", "most"), [("bernoulli", 1.0), ("poisson", 2.0), ("absolute", 1.001)])
def test_other_losses_start_at_the_best_affine_decoder(loss: str, most: float) -> None:
    X = datasets.load_digits()[0].astype(np.float64)
    X = np.round(16 * X) if loss == "poisson" else X
    ae = model(latent=8, reconstruction=loss).fit(X)
    pca = PCA(8).fit(X)
    by_pca = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).sum()
    assert ((ae.reconstruct(X) - X) ** 2).sum() < most * by_pca


def test_many_rows_and_many_features_have_the_same_axes_by_the_short_way() -> None:
    X = torch.from_numpy(table(1600, 1700, rank=12) + 0.01 * table(1600, 1700))
    weight, bias = whitening_axes(X, 4)
    codes = X @ weight + bias
    torch.testing.assert_close(codes.mT @ codes / len(X), torch.eye(4).double(), atol=1e-8, rtol=0)
    centred = X - X.mean(0)
    best = torch.linalg.svdvals(centred)[:4].square().sum()
    assert (centred.mT @ codes / len(X)).square().sum() * len(X) == pytest.approx(float(best), rel=1e-6)


def test_an_output_activation_is_refused() -> None:
    for cls in (MLP, Residual):
        with pytest.raises(
            SettingError, match="whose output no function follows; got output_activation='relu'"
        ):
            cls(skip="pca", output_activation="relu")
    mirrored = Mirror("sigmoid").of(SPECS[0])
    assert mirrored == MLP((12, 16), output_activation="sigmoid")


def test_the_mirrored_decoder_has_it_too() -> None:
    assert MLP((8, 4), skip="pca").mirrored() == MLP((4, 8), skip="pca")
    assert Residual(skip="pca").mirrored().skip == "pca"


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_it_is_one_model_wherever_it_goes(spec: Network, tmp_path: Path) -> None:
    X = table().astype(np.float32)
    training = Training(epochs=3, precision="float64")
    ae = model(spec, training=training).fit(X)
    loaded = diabolo.load(ae.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.reconstruct(X), ae.reconstruct(X))
    encoder, decoder = to_torch_modules(ae)
    codes = encoder(torch.from_numpy(X).double())
    np.testing.assert_allclose(codes.numpy(), ae.transform(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(decoder(codes).numpy(), ae.reconstruct(X), rtol=1e-4)
    others = [table(seed=seed).astype(np.float32) for seed in (1, 2)]
    models = [model(spec, training=training, random_state=i) for i in range(2)]
    for stacked, alone, rows in zip(fit_stack(models, others), models, others, strict=True):
        alone.fit(rows)
        # Without hidden layers the gradient is 0 at the start, and Adam makes steps of what rounding leaves of it.
        near = 1e-6 if getattr(spec, "sizes", True) else 1e-3
        np.testing.assert_allclose(stacked.transform(rows), alone.transform(rows), rtol=near, atol=near)


def test_a_stream_starts_at_pca_of_the_rows_that_its_summary_kept(tmp_path: Path) -> None:
    X = table(400)
    np.save(tmp_path / "rows.npy", X)
    mapped = model().fit(datasets.stream(tmp_path / "rows.npy"))
    assert -mapped.score(X) == pytest.approx(pca_error(X, X, 3), rel=1e-6)
    streamed = model().fit(diabolo.Stream(lambda: iter(X.reshape(40, 10, -1))))
    assert -streamed.score(X) == pytest.approx(pca_error(X, X, 3), rel=1e-6)


def test_with_held_out_rows_the_start_is_among_the_candidates() -> None:
    """On a plane with a little noise a rate that is too high can only do worse than PCA."""
    X = table(120, 8, rank=3) + 0.05 * np.random.default_rng(1).normal(size=(120, 8))
    training = Training(
        epochs=20,
        lr=0.3,
        batch_size=16,
        early_stopping=EarlyStopping(20),
        validation=0.25,
        precision="float64",
    )
    ae = model(training=training).fit(X)
    start = model().fit(X)  # PCA of all rows, those that were held out included
    np.testing.assert_allclose(ae.reconstruct(X), start.reconstruct(X), atol=1e-9)
    assert ae.history_["val_loss"].min() > -start.score(X)
    assert -ae.score(X) == pytest.approx(pca_error(X, X, 3), rel=1e-9)
    together = fit_stack([model(training=training), model(training=training, random_state=1)], X)
    np.testing.assert_allclose(together[0].reconstruct(X), start.reconstruct(X), atol=1e-9)


def curve(n: int) -> np.ndarray:
    """Rows on a curve in four dimensions, which PCA needs three codes for."""
    t = np.linspace(-3, 3, n)
    return np.column_stack([t, t**2, np.sin(2 * t), np.cos(2 * t)])


@pytest.mark.parametrize(("n", "leaves"), [(45, False), (300, True)])
def test_it_is_left_only_for_what_enough_rows_are_sure_of(n: int, leaves: bool) -> None:
    X = np.random.default_rng(0).permutation(curve(n))
    training = Training(
        epochs=60, lr=5e-3, batch_size=32, early_stopping=EarlyStopping(None), validation=None
    )
    ae = model(latent=1, training=training.replace(precision="float64")).fit(X)
    assert min(ae.history_["val_loss"]) < 0.5 * pca_error(X, X, 1)  # 7 rows held out of 45 say so too
    share = -ae.score(X) / pca_error(X, X, 1)
    assert share < 0.5 if leaves else share == pytest.approx(1, rel=1e-9)


def test_a_training_that_goes_on_ends_as_one_that_was_never_stopped(tmp_path: Path) -> None:
    X = table()
    training = Training(epochs=4, batch_size=16, early_stopping=EarlyStopping(3), validation=0.2)
    whole = model(training=training).fit(X)

    def stop(event: Any) -> None:
        if event.epoch == 2:
            raise InterruptedError

    kept = training.replace(checkpoint=str(tmp_path / "kept"))
    with pytest.raises(InterruptedError):
        model(training=kept).fit(X, callbacks=[stop])
    resumed = model(training=kept).fit(X)
    np.testing.assert_array_equal(resumed.transform(X), whole.transform(X))


def test_lightning_starts_there_and_keeps_it() -> None:
    lightning = pytest.importorskip("lightning.pytorch", reason="Lightning trains here")
    from diabolo.lightning import ArrayDataModule, AutoencoderModule

    X = table(120, 8, rank=3) + 0.05 * np.random.default_rng(1).normal(size=(120, 8))
    settings = Training(
        epochs=6,
        lr=0.3,
        batch_size=16,
        early_stopping=EarlyStopping(20),
        validation=0.25,
        precision="float64",
    )
    alone = model(training=settings).fit(X)
    module = AutoencoderModule(model(training=settings))
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    trainer = lightning.Trainer(max_epochs=6, accelerator="cpu", precision="64-true", **quiet)
    trainer.fit(module, ArrayDataModule(X))
    np.testing.assert_allclose(module.to_estimator().reconstruct(X), alone.reconstruct(X), atol=1e-8)
