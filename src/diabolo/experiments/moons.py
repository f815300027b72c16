"""Two moons through one number and through two: a systematic study, and what generation takes."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .. import plots
from ..datasets import make_moons
from ..density import GaussianMixture
from ..estimator.autoencoder import Autoencoder
from ..metrics import c2st, code_histogram, mmd, mse, precision_recall
from ..networks import MLP, Network, Residual
from ..penalties import MMD
from ..studies import fit_stack
from . import moons_digits
from .context import ExperimentContext
from .course import autoencoder, panels, several
from .record import Experiment, Section, Target

Array = NDArray[np.floating]

_BATCH, _TEST_ROWS = 256, 2000
_NAMES = ("training points", "epochs", "learning rate", "schedule", "width", "depth")


class Setting(NamedTuple):
    """One cell of the study."""

    points: int
    epochs: int
    lr: float
    schedule: str
    width: int
    depth: int


def _data(context: ExperimentContext, n: int, noise: float = 0.1, seed: int = 0) -> Array:
    """Moons of a data set by its number; the test points are drawn apart."""
    return make_moons(n, noise=noise, random_state=1000 * context.seed + seed)[0].astype(np.float32)


def _test(context: ExperimentContext, noise: float = 0.1) -> Array:
    return _data(context, _TEST_ROWS, noise, seed=999)


def _model(context: ExperimentContext, s: Setting, seed: int = 0) -> Autoencoder:
    return autoencoder(
        context, 1, MLP(width=s.width, depth=s.depth), epochs=s.epochs, batch_size=_BATCH, lr=s.lr,
        schedule=s.schedule, random_state=1000 * context.seed + seed,
    )  # fmt: skip


def _error(ae: Autoencoder, X_test: Array) -> float:
    """The mean squared error a feature; infinite where the model diverged."""
    return float("inf") if ae.status_ == "diverged" else mse(X_test, ae.reconstruct(X_test))


def _study(context: ExperimentContext) -> dict[Setting, Array]:
    """Test errors by setting, an array over repeats; what shares a shape shares a stack."""

    def run() -> dict[Setting, Array]:
        points = context.choose((100, 300), (100, 300, 1000, 3000))
        epochs = context.choose((10, 50), (10, 50, 200))
        widths, depths = context.choose((10, 50), (10, 50, 100)), context.choose((1, 2), (1, 2, 3))
        rates = ((3e-4, "constant"), (1e-3, "constant"), (3e-3, "constant"), (3e-3, "cosine"))
        repeats, X_test = context.choose(2, 10), _test(context)
        found: dict[Setting, Array] = {}
        for n in points:
            cells = [
                Setting(n, e, lr, schedule, w, d)
                for e, w, d, (lr, schedule) in product(epochs, widths, depths, rates)
            ]
            estimators = [_model(context, c, r) for c in cells for r in range(repeats)]
            models = fit_stack(estimators, _data(context, n), n_jobs=context.choose(1, 2))
            errors = np.array([_error(ae, X_test) for ae in models]).reshape(len(cells), repeats)
            found |= dict(zip(cells, errors, strict=True))
            context.say(f"moons: {len(found)} settings done")
        return found

    return context.once("study", run)


def _best(context: ExperimentContext) -> Setting:
    found = _study(context)
    return min(found, key=lambda s: float(found[s].mean()))


def study(context: ExperimentContext) -> None:
    """The test error against every setting, with the spread over repeats."""
    found, best = _study(context), _best(context)
    context.measure("models trained", sum(len(errors) for errors in found.values()))
    context.measure("best setting: test error", found[best].mean(), "squared units a feature")
    context.measure("best setting: standard deviation over repeats", found[best].std(ddof=1))
    context.note("Best setting: " + ", ".join(f"{n} {v}" for n, v in zip(_NAMES, best, strict=True)) + ".")
    draws = {name: partial(_along, found, best, i) for i, name in enumerate(_NAMES) if name != "schedule"}
    context.draw(
        "study",
        "Test error against each setting, the others as in the best",
        f"Bands are standard deviations over {len(found[best])} repeats. Best: {found[best].mean():.4f} at "
        f"{best.points} points, {best.epochs} epochs, rate {best.lr:g} ({best.schedule}), {best.depth} layers of "
        f"{best.width}.",
        lambda: several(draws, per_row=3),
    )
    extremes = {
        "training points": [best._replace(points=f(s.points for s in found)) for f in (min, max)],
        "epochs": [best._replace(epochs=f(s.epochs for s in found)) for f in (min, max)],
    }
    for name, (low, high) in extremes.items():
        context.state(
            f"More {name} give a smaller test error.",
            found[high].mean() < found[low].mean(),
            fewest=found[low].mean(),
            most=found[high].mean(),
        )
    constant = best._replace(schedule="constant", lr=3e-3)
    cosine = best._replace(schedule="cosine", lr=3e-3)
    context.state(
        "A falling rate (cosine) beats a constant one at 3e-3.",
        found[cosine].mean() < found[constant].mean(),
        cosine=found[cosine].mean(),
        constant=found[constant].mean(),
    )
    worst = max(found, key=lambda s: float(found[s].mean()))
    X_test = _test(context)
    chosen = {"best": best, "worst": worst}
    fitted = {name: _model(context, s).fit(_data(context, s.points)) for name, s in chosen.items()}
    context.draw(
        "reconstructions",
        "Reconstructions of the best and of the worst setting",
        f"Mean test errors {found[best].mean():.4f} and {found[worst].mean():.4f}.",
        lambda: panels(
            lambda ae, ax: plots.points_and_reconstructions(
                X_test[:400], ae.reconstruct(X_test[:400]), ax=ax
            ),
            fitted,
            size=(5.0, 3.6),
        ),
    )


def _along(found: dict[Setting, Array], best: Setting, axis: int, ax: Any) -> Any:
    values = sorted({s[axis] for s in found if s.schedule == best.schedule})
    if _NAMES[axis] == "learning rate":
        best = best._replace(schedule="constant")
        values = sorted({s.lr for s in found if s.schedule == "constant"})
    errors = [found[Setting._make((*best[:axis], v, *best[axis + 1 :]))] for v in values]
    log = _NAMES[axis] in ("training points", "epochs", "learning rate")
    return plots.metric_curve(
        values, {"test error": errors}, x_name=_NAMES[axis], y_name="MSE", log=log, ax=ax
    )


def _fitted(context: ExperimentContext) -> Autoencoder:
    best = _best(context)
    return context.once("best", lambda: _model(context, best).fit(_data(context, best.points)))


def repeats(context: ExperimentContext) -> None:
    """How much do reconstructions vary over repeats, with the same and with different data?"""
    best, X_test, n = _best(context), _test(context), context.choose(3, 10)
    runs = {
        "same data": fit_stack([_model(context, best, r) for r in range(n)], _data(context, best.points)),
        "different data": fit_stack(
            [_model(context, best, r) for r in range(n)],
            [_data(context, best.points, seed=r) for r in range(n)],
        ),
    }
    spread = {}
    for name, models in runs.items():
        made = np.stack([ae.reconstruct(X_test) for ae in models])
        spread[name] = float(made.std(axis=0).mean())
        errors = [mse(X_test, m) for m in made]
        context.measure(f"{name}: pointwise standard deviation of reconstructions", spread[name], "units")
        context.measure(f"{name}: mean test error", float(np.mean(errors)), "squared units a feature")
    context.state(
        "Different data make reconstructions vary more than different starts alone.",
        spread["different data"] > spread["same data"],
        **spread,
    )
    context.draw(
        "repeats",
        "Three repeats each, with the same data and with different data",
        f"A reconstruction varies by {spread['same data']:.3f} with the same data and by "
        f"{spread['different data']:.3f} with different data.",
        lambda: several({name: partial(_curves, models[:3], X_test) for name, models in runs.items()}),
    )


def _curves(models: list[Autoencoder], X: Array, ax: Any) -> Any:
    for ae in models:
        ax.plot(*_curve(ae, X).T, linewidth=1.5)
    ax.scatter(X[:400, 0], X[:400, 1], s=3, color="#8C8C8C", zorder=0)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    return ax


def _curve(ae: Autoencoder, X: Array) -> Array:
    codes = ae.transform(X)
    return ae.inverse_transform(np.linspace(codes.min(), codes.max(), 4000, dtype=np.float32)[:, None])


def _away(truth: cKDTree, X: Array) -> float:
    """Mean distance of points to the nearest of the true ones."""
    return float(np.mean(truth.query(X)[0]))


def _geometry(ae: Autoencoder, X: Array) -> tuple[float, float]:
    """Length of the decoder's curve over the codes, and mean distance of reconstructions to the true moons."""
    curve = _curve(ae, X)
    truth = cKDTree(make_moons(4000, noise=0.0)[0])
    length = np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()
    return float(length), _away(truth, ae.reconstruct(X))


def generation(context: ExperimentContext) -> None:
    """A histogram of the codes, a mixture on it, and synthetic data."""
    ae, X_test = _fitted(context), _test(context)
    codes = ae.transform(_data(context, _best(context).points))
    density = GaussianMixture(random_state=0).fit(codes)
    made = ae.inverse_transform(density.sample(_TEST_ROWS, random_state=1))
    distance, two_sample = mmd(X_test, made), c2st(X_test, made)
    support = precision_recall(X_test, made)
    context.measure("components of the mixture", len(density.weights_))
    context.measure("synthetic data: squared MMD", distance.value)
    context.measure("synthetic data: accuracy of a classifier (0.5 is best)", two_sample.value)
    for name, score in support.items():
        context.measure(f"synthetic data: {name}", score.value)
    context.state(
        "A classifier tells the synthetic moons from real ones (accuracy above 0.6): they lie on a curve.",
        two_sample.value > 0.6,
        accuracy=two_sample.value,
    )
    context.draw(
        "codes",
        "Codes and the mixture fitted to them",
        f"{len(density.weights_)} normals follow the histogram of one code.",
        lambda: plots.code_histogram(codes, density=density),
    )
    context.draw(
        "synthetic",
        "Real moons and synthetic ones",
        f"Synthetic points lie on the decoder's curve, without the noise across it: a classifier is right in "
        f"{two_sample.value:.0%} of the cases.",
        lambda: _two_clouds({"real": X_test, "synthetic": made}),
    )


def _two_clouds(clouds: dict[str, Array]) -> Any:
    return _clouds(clouds, "x", xlim=(-1.7, 2.7), ylim=(-1.2, 1.7))


def _clouds(clouds: dict[str, Array], letter: str, **limits: tuple[float, float]) -> Any:
    def cloud(points: Array, ax: Any) -> None:
        ax.scatter(points[:, 0], points[:, 1], s=3, color="#0072B2")
        ax.set(xlabel=f"${letter}_1$", ylabel=f"${letter}_2$", aspect="equal", **limits)

    return panels(cloud, clouds)


def noisier(context: ExperimentContext) -> None:
    """Noise 0.2: the same model without retraining, and one trained there."""
    best, same, X = _best(context), _fitted(context), _test(context, 0.2)
    trained = _model(context, best).fit(_data(context, best.points, 0.2))
    truth = cKDTree(make_moons(4000, noise=0.0)[0])
    context.measure("noise 0.2: mean distance of the points to the moons", _away(truth, X), "units")
    away, length = {}, {}
    for name, ae, rows in (
        ("noise 0.1", same, _test(context)),
        ("noise 0.2, not retrained", same, X),
        ("noise 0.2, trained there", trained, X),
    ):
        length[name], away[name] = _geometry(ae, rows)
        context.measure(f"{name}: test error", mse(rows, ae.reconstruct(rows)), "squared units a feature")
        context.measure(f"{name}: length of the curve", length[name], "units")
        context.measure(f"{name}: mean distance of reconstructions to the moons", away[name], "units")
    context.state(
        "Without retraining the model cleans: reconstructions lie nearer to the moons than the noisy points.",
        away["noise 0.2, not retrained"] < _away(truth, X),
        reconstructions=away["noise 0.2, not retrained"],
        points=_away(truth, X),
    )
    context.state(
        "Trained at noise 0.2 the reconstructed set lies farther from the moons than that of noise 0.1.",
        away["noise 0.2, trained there"] > away["noise 0.1"],
        **{name: away[name] for name in ("noise 0.2, trained there", "noise 0.1")},
    )
    context.draw(
        "noisier",
        "The decoder's curve: trained at noise 0.1 and at noise 0.2",
        f"The curve is {length['noise 0.1']:.2f} long at noise 0.1 and {length['noise 0.2, trained there']:.2f} at "
        f"0.2 (two half circles: {2 * np.pi:.2f}).",
        lambda: several(
            {
                "trained at 0.1": partial(_curves, [same], X),
                "trained at 0.2": partial(_curves, [trained], X),
            }
        ),
    )


def _matching(context: ExperimentContext, encoder: Network, penalty: MMD) -> Autoencoder:
    return autoencoder(
        context, 2, encoder, penalties=penalty, epochs=context.choose(30, 200), batch_size=_BATCH, lr=3e-3,
        schedule="cosine", drop_last=True,
    )  # fmt: skip


def matched(context: ExperimentContext) -> None:
    """Bottleneck 2 with MMD to the standard normal: kernels, bandwidths, weight, networks."""
    limit, X_test = float(_study(context)[_best(context)].mean()) / 10, _test(context)
    networks: dict[str, Network] = {"MLP": MLP((100, 100)), "residual": Residual(3, 100)}
    bandwidths, weights = context.choose((5,), (3, 5, 7)), context.choose((1.0,), (0.1, 1.0, 10.0))
    normal = np.random.RandomState(0).normal(size=(_TEST_ROWS, 2))
    keys = list(product(networks, ("gaussian", "imq"), bandwidths, weights))
    models = [
        _matching(context, networks[n], MMD(w, kernel=kernel, bandwidths=b)) for n, kernel, b, w in keys
    ]
    models = fit_stack(models, _data(context, context.choose(500, 3000)), n_jobs=context.choose(1, 2))
    rows: dict[tuple[str, str, int, float], tuple[float, float, Autoencoder]] = {}
    for ae, key in zip(models, keys, strict=True):
        error, away = _error(ae, X_test), mmd(normal, ae.transform(X_test), n_permutations=1).value
        rows[key] = (error, away, ae)
        label = "{}, {}, {} bandwidths, weight {:g}".format(*key)
        context.measure(f"{label}: test error", error, "squared units a feature")
        context.measure(f"{label}: squared MMD of the codes to the normal", away)
    allowed = {key: row for key, row in rows.items() if row[0] <= limit} or rows
    key = min(allowed, key=lambda k: allowed[k][1])
    error, away, ae = rows[key]
    context.measure("bottleneck 2 with MMD: error over the best of one number", error / (10 * limit))
    made = ae.sample(_TEST_ROWS, random_state=0)
    two_sample, codes = c2st(X_test, made), ae.transform(X_test)
    edge = float(code_histogram(codes).distance.max())
    context.measure("chosen: squared MMD of the codes to the normal", away)
    context.measure(
        "chosen: largest distance of a coordinate's distribution function from the normal's", edge
    )
    context.measure("chosen: accuracy of a classifier on samples (0.5 is best)", two_sample.value)
    context.note("Chosen: {}, {} kernel, {} bandwidths, weight {:g}: of those below a tenth of the best error of a "
               "one-number code, the one whose codes are nearest to the normal.".format(*key))  # fmt: skip
    context.state(
        "Each coordinate of the codes follows the standard normal (distribution functions within 0.1).",
        edge < 0.1,
        distance=edge,
    )
    context.draw(
        "matched-codes",
        "Codes, and the normal they are drawn to",
        f"No coordinate's distribution function is farther than {edge:.2f} from the normal's; the squared MMD of both "
        f"together is {away:.4f}.",
        lambda: _clouds({"codes": codes, "standard normal": normal}, "z", xlim=(-4, 4), ylim=(-4, 4)),
    )
    context.draw(
        "matched-samples",
        "Real moons, and samples of the normal, decoded",
        f"Two numbers keep the noise too: a classifier is right in {two_sample.value:.0%} of the cases. "
        "The normal has one piece and the moons two: some samples lie between.",
        lambda: _two_clouds({"real": X_test, "decoded from the normal": made}),
    )


EXPERIMENT = Experiment(
    name="moons",
    title="Two moons: a systematic study, and what generation takes",
    source="An exercise of a course on generative networks.",
    data="two moons with noise 0.1, 2000 test points; ReLU inside, linear outputs, mirrored decoder, Adam, "
    "batches of 256; the bundled digits",
    quick="a small part of the study, 2 repeats",
    sections=(
        Section("study", "(a) What decides the test error?", study),
        Section("repeats", "(b) How much do reconstructions vary?", repeats),
        Section("generation", "(c) Synthetic data from a mixture of codes", generation),
        Section("noisier", "(d, e) More noise, without retraining and with", noisier),
        Section(
            "matched",
            "(f) Codes drawn to a standard normal",
            matched,
            (
                Target(
                    "bottleneck 2 with MMD: error over the best of one number",
                    0.1,
                    0.0,
                    unit="ratio; asked by the exercise",
                ),
            ),
        ),
        Section("digits", "(g) Digits: quality against the size of the code", moons_digits.digits),
    ),
)
