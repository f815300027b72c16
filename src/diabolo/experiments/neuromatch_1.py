"""Shallow autoencoders of digits, beside PCA and NMF."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kurtosis
from sklearn.decomposition import NMF, PCA
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from .. import plots
from ..estimator.autoencoder import Autoencoder
from ..metrics import bce as bce_of
from ..metrics import mse
from ..networks import MLP
from ..studies import fit_stack
from .context import ExperimentContext
from .course import autoencoder, bce, columns, failing, panels, pictures
from .record import Experiment, Section, Target

Array = NDArray[np.floating]

_SHOWN = 2000
_SHIFT = 0.5
_SIZES = (2, 3, 8, 16, 32)
_STARTS = {
    "ReLU, torch's start": MLP((), output_activation="relu"),
    "ReLU, Kaiming uniform": MLP((), output_activation="relu", init="kaiming_uniform"),
    "ReLU, Kaiming normal": MLP((), output_activation="relu", init="kaiming_normal"),
    "PReLU, torch's start": MLP((), output_activation="prelu"),
}


def _opposite(Z: Array, y: NDArray[np.int64]) -> tuple[int, int, float]:
    """The two classes whose means, seen from the mean of all, point most nearly in opposite directions."""
    means = np.stack([Z[y == c].mean(0) for c in range(10)]) - Z.mean(0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    cosines = unit @ unit.T
    a, b = np.unravel_index(cosines.argmin(), cosines.shape)
    return int(min(a, b)), int(max(a, b)), float(cosines.min())


def _confused(Z: Array, y: NDArray[np.int64]) -> tuple[int, int, float, float]:
    """The two classes that 15 nearest neighbours mix up most, the share of them, and the accuracy."""
    guesses = cross_val_predict(KNeighborsClassifier(15), Z, y, cv=5)
    table = confusion_matrix(y, guesses, labels=range(10)).astype(float)
    mixed = table + table.T
    np.fill_diagonal(mixed, 0)
    a, b = np.unravel_index(mixed.argmax(), mixed.shape)
    rows = table[a].sum() + table[b].sum()
    return int(min(a, b)), int(max(a, b)), float(mixed[a, b] / rows), float((guesses == y).mean())


def linear(context: ExperimentContext) -> None:
    """PCA-2 and NMF-2: maps, grids, components, reconstructions."""
    data = pictures(context)
    X, y = data.few(_SHOWN)
    pca = PCA(2, random_state=context.seed).fit(data.X)
    nmf = NMF(2, init="random", random_state=context.seed, max_iter=context.choose(400, 1000), tol=1e-4)
    nmf.fit(data.X + _SHIFT)
    codes = {"PCA": pca.transform(X), "NMF": nmf.transform(X + _SHIFT)}
    decoders = {"PCA": pca.inverse_transform, "NMF": lambda Z: nmf.inverse_transform(Z) - _SHIFT}
    for name, Z in codes.items():
        a, b, cosine = _opposite(Z, y)
        c, d, share, accuracy = _confused(Z, y)
        context.measure(f"{name}: test MSE", mse(X, decoders[name](Z)), "squared units a pixel")
        context.measure(f"{name}: accuracy of 15 nearest neighbours", accuracy)
        context.state(
            f"{name}: the means of {a} and {b} lie opposite (cosine below -0.9).",
            cosine < -0.9,
            cosine=cosine,
        )
        context.note(f"{name}: {c} and {d} are confused most, in {share:.0%} of their rows.")
        context.draw(
            f"{name.lower()}-map",
            f"{name}: map and grid",
            f"The means of {a} and {b} are farthest apart in direction; {c} and {d} are confused most ({share:.0%}).",
            partial(plots.map_and_grid, Z, y, decoders[name], image_shape=data.shape),
        )
    _draw_linear(context, codes, decoders, {"PCA": pca, "NMF": nmf}, X[:8])


def _draw_linear(
    context: ExperimentContext,
    codes: dict[str, Any],
    decoders: dict[str, Callable[[Any], Any]],
    fitted: dict[str, Any],
    few: Any,
) -> None:
    shape, least = pictures(context).shape, fitted["NMF"].components_.min()
    context.draw(
        "labels",
        "The maps without labels",
        "What is seen without knowing the digits.",
        lambda: panels(lambda z, ax: plots.encoder_map(z, ax=ax), codes, size=(4.4, 3.6)),
    )
    context.draw(
        "components",
        "Components of PCA (left) and NMF",
        f"PCA's components have both signs; NMF's are never negative (smallest value {least:.2g}).",
        lambda: panels(lambda model, ax: plots.components(model, image_shape=shape, ax=ax), fitted),
    )
    context.draw(
        "linear-rows",
        "Reconstructions",
        "Each digit comes back as a sum of the two shapes above.",
        lambda: plots.image_rows(
            {"original": few} | {n: np.clip(decoders[n](Z[: len(few)]), 0, 1) for n, Z in codes.items()}
        ),
    )


def _shallow(
    context: ExperimentContext, size: int, activation: str, loss: str, epochs: int, validation: Any = None
) -> Autoencoder:
    """One layer each way, the sigmoid on the output; Bernoulli's loss has its sigmoid built in."""

    def train() -> Autoencoder:
        out = "none" if loss == "bernoulli" else "sigmoid"
        ae = autoencoder(
            context,
            size,
            MLP((), output_activation=activation),
            decoder=MLP((), output_activation=out),
            reconstruction=loss,
            epochs=epochs,
            batch_size=64,
        )
        return ae.fit(pictures(context).X, validation=validation)

    return context.once((size, activation, loss, epochs), train)


def shallow(context: ExperimentContext) -> None:
    """784-32-784 with ReLU, squared error: after one epoch and after ten."""
    data = pictures(context)
    ae = _shallow(context, 32, "relu", "squared", 10, validation=data.X_test)
    n = data.X.shape[1]
    context.measure("test MSE after one epoch", ae.history_["val_loss"][0] / n, "squared units a pixel")
    last = context.measure("test MSE after ten epochs", -ae.score(data.X_test) / n, "squared units a pixel")
    if not context.first:
        return
    start = ae.untrained()
    few = data.few(8)[0]
    before = context.measure(
        "test MSE before training", -start.score(data.X_test) / n, "squared units a pixel"
    )
    gone = (before - ae.history_["val_loss"][0] / n) / (before - last)
    context.measure("PCA-32: test MSE", _pca_error(context, 32), "squared units a pixel")
    context.draw(
        "shallow-loss",
        "Training loss of the 32-unit model",
        f"Of the fall from the untrained error to the last one, {gone:.0%} happens in the first epoch.",
        lambda: plots.loss_curves({"squared error": columns(ae)}, against="epoch", log=True),
    )
    context.draw(
        "shallow-rows",
        "Digits, the untrained output, and the trained one",
        f"Before training the test error is {before:.4f}, after it {last:.4f}.",
        lambda: plots.image_rows(
            {"original": few, "untrained": start.reconstruct(few), "trained": ae.reconstruct(few)}
        ),
    )


def _pca_error(context: ExperimentContext, size: int) -> float:
    data = pictures(context)
    pca = context.once("pca", lambda: PCA(32, svd_solver="full").fit(data.X))
    base = pca.components_[:size]
    codes = (data.X_test - pca.mean_) @ base.T
    return mse(data.X_test, codes @ base + pca.mean_)


def losses(context: ExperimentContext) -> None:
    """Squared error against cross-entropy: their curves, and what training with each gives."""
    data = pictures(context)
    two = {loss: _shallow(context, 32, "relu", loss, 2) for loss in ("squared", "bernoulli")}
    clipped = {
        loss: np.clip(ae.reconstruct(data.X_test), 1e-7, 1 - 1e-7).astype(np.float32)
        for loss, ae in two.items()
    }
    errors = {loss: mse(data.X_test, X_hat) for loss, X_hat in clipped.items()}
    entropies = {loss: bce_of(data.X_test, X_hat) for loss, X_hat in clipped.items()}
    context.measure("two epochs of squared error: test MSE", errors["squared"], "squared units a pixel")
    context.measure("two epochs of squared error: test BCE", entropies["squared"], "nats a pixel")
    context.measure("two epochs of cross-entropy: test MSE", errors["bernoulli"], "squared units a pixel")
    context.measure("two epochs of cross-entropy: test BCE", entropies["bernoulli"], "nats a pixel")
    context.state(
        "Each loss is lowest for the model that was trained with it.",
        errors["squared"] <= errors["bernoulli"] and entropies["bernoulli"] <= entropies["squared"],
        MSE_trained_with_it=errors["squared"],
        MSE_of_the_other=errors["bernoulli"],
        BCE_trained_with_it=entropies["bernoulli"],
        BCE_of_the_other=entropies["squared"],
    )
    context.draw(
        "loss-functions",
        "The two losses and their derivatives at y = 1",
        "Where the output is far off, cross-entropy is steep and squared error is nearly flat: its gradient at 0 "
        "is -2, that of cross-entropy has no bound.",
        lambda: plots.loss_functions(y=1.0),
    )


def sizes(context: ExperimentContext) -> None:
    """The test error against the size of the code, beside PCA."""
    data = pictures(context)
    rows: dict[str, list[float]] = {"autoencoder": [], "PCA": []}
    for size in _SIZES:
        ae = _shallow(context, size, "prelu", "squared", 10)
        rows["autoencoder"].append(-ae.score(data.X_test) / data.X.shape[1])
        rows["PCA"].append(_pca_error(context, size))
        context.measure(f"code of {size}: test MSE", rows["autoencoder"][-1], "squared units a pixel")
        context.measure(f"PCA-{size}: test MSE", rows["PCA"][-1], "squared units a pixel")
    better = [a < p for a, p in zip(rows["autoencoder"], rows["PCA"], strict=True)]
    context.state(
        "The shallow autoencoder beats PCA at every code size.",
        all(better),
        sizes_at_which_it_does=sum(better),
        sizes=len(better),
    )
    context.draw(
        "sizes",
        "Test error against the size of the code",
        f"The autoencoder (PReLU on the code, sigmoid output) is below PCA at {sum(better)} of {len(better)} sizes.",
        lambda: plots.metric_curve(
            _SIZES,
            {name: [[e] for e in errors] for name, errors in rows.items()},
            x_name="code size",
            y_name="test MSE",
        ),
    )


def plane(context: ExperimentContext) -> None:
    """784-2-784 with PReLU on the code, cross-entropy: its map beside PCA's."""
    data = pictures(context)
    ae = _shallow(context, 2, "prelu", "bernoulli", 10)
    score = context.measure("2-D code: test BCE", bce(ae, data.X_test), "nats a pixel")
    if not context.first:
        return
    X, y = data.few(_SHOWN)
    maps = {"PCA": PCA(2).fit(data.X).transform(X), "autoencoder": ae.transform(X)}
    accuracy = {name: _confused(Z, y)[3] for name, Z in maps.items()}
    for name, value in accuracy.items():
        context.measure(f"{name}: accuracy of 15 nearest neighbours", value)
    context.draw(
        "side-by-side",
        "Maps of PCA and of the network",
        f"15 nearest neighbours guess {accuracy['PCA']:.0%} of the labels on PCA's map and "
        f"{accuracy['autoencoder']:.0%} on the network's, whose test error is {score:.4f}.",
        lambda: panels(lambda z, ax: plots.encoder_map(z, y, ax=ax), maps, size=(4.8, 3.8)),
    )


def _weights(ae: Autoencoder, half: str) -> Array:
    """The matrix of a half that has one layer: (in, out)."""
    return dict(ae.module_.named_parameters())[f"{half}.layers.0.weight"].detach().numpy()


def dead(context: ExperimentContext) -> None:
    """How many bottleneck units fail, by activation and start, over 20 starts."""
    data = pictures(context)
    X, starts = data.X[: context.choose(1000, 12_000)], context.choose(4, 20)
    counts: dict[str, int] = {}
    kept: dict[str, Autoencoder] = {}
    for name, encoder in _STARTS.items():
        models = [
            autoencoder(
                context, 2, encoder, decoder=MLP(()), reconstruction="bernoulli",
                epochs=context.choose(2, 3), batch_size=64, random_state=start,
            )
            for start in range(starts)
        ]  # fmt: skip
        fitted = fit_stack(models, X)
        failed = [failing(ae.transform(data.X_test)) for ae in fitted]
        kept[name] = fitted[int(np.argmax(failed))]
        counts[name] = sum(f > 0 for f in failed)
        context.measure(f"{name}: starts with a failed unit", counts[name], f"of {starts}")
        weights = _weights(kept[name], "encoder")
        context.measure(f"{name}: excess kurtosis of the encoder's weights", kurtosis(weights, axis=None))
    context.state(
        "A ReLU bottleneck of two units often fails (a fifth of the starts or more); one with PReLU never does.",
        max(counts[n] for n in counts if n.startswith("ReLU")) >= starts / 5
        and counts["PReLU, torch's start"] == 0,
        **counts,
    )
    _draw_dead(context, kept, data.shape, counts, starts)
    context.note(
        "A unit fails when it is zero on more than 99 % of the test rows. Each start trains on the first rows of "
        "the training set only; published single examples after ten epochs, for orientation: 0.2458 with a failed "
        "unit, 0.2292 with Kaiming's start, 0.2319 with PReLU."
    )


def _draw_dead(
    context: ExperimentContext,
    kept: dict[str, Autoencoder],
    shape: tuple[int, int, int],
    counts: dict[str, int],
    n: int,
) -> None:
    name = max(counts, key=lambda key: counts[key])
    ae = kept[name]
    before = _weights(ae.untrained(), "encoder")
    moved = np.abs(_weights(ae, "encoder") - before).mean()
    context.draw(
        "weights",
        f"Weights before and after training: {name}",
        f"This start fails in {counts[name]} of {n} cases. The encoder's weights moved by {moved:.2g} on average.",
        lambda: plots.weight_histograms({"encoder": before}, {"encoder": _weights(ae, "encoder")}),
    )
    whole = min(counts, key=lambda key: counts[key])
    context.draw(
        "units",
        "Weights into and out of each unit, as images",
        f"Above the weights into a unit, below those out of it. {whole} fails in {counts[whole]} of {n} cases.",
        lambda: panels(
            lambda model, ax: plots.unit_weights(
                _weights(model, "encoder").T, _weights(model, "decoder").T, image_shape=shape, ax=ax
            ),
            {key: kept[key] for key in (name, whole)},
        ),
    )


_MSE = "squared units a pixel"

EXPERIMENT = Experiment(
    name="neuromatch-1",
    title="Shallow autoencoders of digits beside PCA and NMF",
    source="Autoencoders, first tutorial of a neuroscience summer school's deep learning course.",
    data="MNIST, pixels in [0, 1]; batches of 64, 10 epochs, Adam at a constant 1e-3, torch's start",
    quick="the bundled digits; fewer starts",
    sections=(
        Section("linear", "PCA and NMF with two components", linear),
        Section(
            "shallow",
            "784-32-784 with ReLU and squared error",
            shallow,
            (
                Target("test MSE after one epoch", 0.0266, 0.0004, unit=_MSE),
                Target("test MSE after ten epochs", 0.0141, 0.0004, unit=_MSE),
            ),
        ),
        Section(
            "losses",
            "Squared error or cross-entropy?",
            losses,
            (
                Target("two epochs of squared error: test MSE", 0.0179, 0.0004, unit=_MSE),
                Target("two epochs of squared error: test BCE", 0.1322, 0.003),
            ),
        ),
        Section("sizes", "How much does a larger code help?", sizes),
        Section(
            "plane",
            "784-2-784 with PReLU: a map beside PCA's",
            plane,
            (Target("2-D code: test BCE", 0.2270, 0.003),),
        ),
        Section("dead", "The dead ReLU bottleneck", dead),
    ),
    corrections=("Kaiming normal has standard deviation sqrt(2 / fan_in), not 1 / sqrt(fan_in).",),
)
