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
from ..estimator import Autoencoder
from ..metrics import c2st, code_histogram, mmd, mse, precision_recall
from ..networks import MLP, Network, Residual
from ..penalties import MMD
from ..studies import fit_stack
from . import moons_digits
from .context import Bench
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


def _data(bench: Bench, n: int, noise: float = 0.1, seed: int = 0) -> Array:
    """Moons of a data set by its number; the test points are drawn apart."""
    return make_moons(n, noise=noise, random_state=1000 * bench.seed + seed)[0].astype(np.float32)


def _test(bench: Bench, noise: float = 0.1) -> Array:
    return _data(bench, _TEST_ROWS, noise, seed=999)


def _model(bench: Bench, s: Setting, seed: int = 0) -> Autoencoder:
    return autoencoder(
        bench, 1, MLP(width=s.width, depth=s.depth), epochs=s.epochs, batch_size=_BATCH, lr=s.lr,
        schedule=s.schedule, random_state=1000 * bench.seed + seed,
    )  # fmt: skip


def _error(ae: Autoencoder, X_test: Array) -> float:
    """The mean squared error a feature; infinite where the model diverged."""
    return float("inf") if ae.status_ == "diverged" else mse(X_test, ae.reconstruct(X_test))


def _study(bench: Bench) -> dict[Setting, Array]:
    """Test errors by setting, an array over repeats; what shares a shape shares a stack."""

    def run() -> dict[Setting, Array]:
        points = bench.choose((100, 300), (100, 300, 1000, 3000))
        epochs = bench.choose((10, 50), (10, 50, 200))
        widths, depths = bench.choose((10, 50), (10, 50, 100)), bench.choose((1, 2), (1, 2, 3))
        rates = ((3e-4, "constant"), (1e-3, "constant"), (3e-3, "constant"), (3e-3, "cosine"))
        repeats, X_test = bench.choose(2, 10), _test(bench)
        found: dict[Setting, Array] = {}
        for n in points:
            cells = [
                Setting(n, e, lr, schedule, w, d)
                for e, w, d, (lr, schedule) in product(epochs, widths, depths, rates)
            ]
            models = fit_stack(
                [_model(bench, c, r) for c in cells for r in range(repeats)],
                _data(bench, n),
                n_jobs=bench.choose(1, 2),
            )
            errors = np.array([_error(ae, X_test) for ae in models]).reshape(len(cells), repeats)
            found |= dict(zip(cells, errors, strict=True))
            bench.say(f"moons: {len(found)} settings done")
        return found

    return bench.once("study", run)


def _best(bench: Bench) -> Setting:
    found = _study(bench)
    return min(found, key=lambda s: float(found[s].mean()))


def study(bench: Bench) -> None:
    """The test error against every setting, with the spread over repeats."""
    found, best = _study(bench), _best(bench)
    bench.measure("models trained", sum(len(errors) for errors in found.values()))
    bench.measure("best setting: test error", found[best].mean(), "squared units a feature")
    bench.measure("best setting: standard deviation over repeats", found[best].std(ddof=1))
    bench.note("Best setting: " + ", ".join(f"{n} {v}" for n, v in zip(_NAMES, best, strict=True)) + ".")
    draws = {name: partial(_along, found, best, i) for i, name in enumerate(_NAMES) if name != "schedule"}
    bench.draw(
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
        bench.state(
            f"More {name} give a smaller test error.",
            found[high].mean() < found[low].mean(),
            fewest=found[low].mean(),
            most=found[high].mean(),
        )
    constant = best._replace(schedule="constant", lr=3e-3)
    cosine = best._replace(schedule="cosine", lr=3e-3)
    bench.state(
        "A falling rate (cosine) beats a constant one at 3e-3.",
        found[cosine].mean() < found[constant].mean(),
        cosine=found[cosine].mean(),
        constant=found[constant].mean(),
    )
    worst = max(found, key=lambda s: float(found[s].mean()))
    X_test = _test(bench)
    chosen = {"best": best, "worst": worst}
    fitted = {name: _model(bench, s).fit(_data(bench, s.points)) for name, s in chosen.items()}
    bench.draw(
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


def _fitted(bench: Bench) -> Autoencoder:
    best = _best(bench)
    return bench.once("best", lambda: _model(bench, best).fit(_data(bench, best.points)))


def repeats(bench: Bench) -> None:
    """How much do reconstructions vary over repeats, with the same and with different data?"""
    best, X_test, n = _best(bench), _test(bench), bench.choose(3, 10)
    runs = {
        "same data": fit_stack([_model(bench, best, r) for r in range(n)], _data(bench, best.points)),
        "different data": fit_stack(
            [_model(bench, best, r) for r in range(n)], [_data(bench, best.points, seed=r) for r in range(n)]
        ),
    }
    spread = {}
    for name, models in runs.items():
        made = np.stack([ae.reconstruct(X_test) for ae in models])
        spread[name] = float(made.std(axis=0).mean())
        errors = [mse(X_test, m) for m in made]
        bench.measure(f"{name}: pointwise standard deviation of reconstructions", spread[name], "units")
        bench.measure(f"{name}: mean test error", float(np.mean(errors)), "squared units a feature")
    bench.state(
        "Different data make reconstructions vary more than different starts alone.",
        spread["different data"] > spread["same data"],
        **spread,
    )
    bench.draw(
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


def generation(bench: Bench) -> None:
    """A histogram of the codes, a mixture on it, and synthetic data."""
    ae, X_test = _fitted(bench), _test(bench)
    codes = ae.transform(_data(bench, _best(bench).points))
    density = GaussianMixture(random_state=0).fit(codes)
    made = ae.inverse_transform(density.sample(_TEST_ROWS, random_state=1))
    distance, told = mmd(X_test, made), c2st(X_test, made)
    support = precision_recall(X_test, made)
    bench.measure("components of the mixture", len(density.weights_))
    bench.measure("synthetic data: squared MMD", distance.value)
    bench.measure("synthetic data: accuracy of a classifier (0.5 is best)", told.value)
    for name, score in support.items():
        bench.measure(f"synthetic data: {name}", score.value)
    bench.state(
        "A classifier tells the synthetic moons from real ones (accuracy above 0.6): they lie on a curve.",
        told.value > 0.6,
        accuracy=told.value,
    )
    bench.draw(
        "codes",
        "Codes and the mixture fitted to them",
        f"{len(density.weights_)} normals follow the histogram of one code.",
        lambda: plots.code_histogram(codes, density=density),
    )
    bench.draw(
        "synthetic",
        "Real moons and synthetic ones",
        f"Synthetic points lie on the decoder's curve, without the noise across it: a classifier is right in "
        f"{told.value:.0%} of the cases.",
        lambda: _two_clouds({"real": X_test, "synthetic": made}),
    )


def _two_clouds(clouds: dict[str, Array]) -> Any:
    return _clouds(clouds, "x", xlim=(-1.7, 2.7), ylim=(-1.2, 1.7))


def _clouds(clouds: dict[str, Array], letter: str, **limits: tuple[float, float]) -> Any:
    def cloud(points: Array, ax: Any) -> None:
        ax.scatter(points[:, 0], points[:, 1], s=3, color="#0072B2")
        ax.set(xlabel=f"${letter}_1$", ylabel=f"${letter}_2$", aspect="equal", **limits)

    return panels(cloud, clouds)


def noisier(bench: Bench) -> None:
    """Noise 0.2: the same model without retraining, and one trained there."""
    best, same, X = _best(bench), _fitted(bench), _test(bench, 0.2)
    trained = _model(bench, best).fit(_data(bench, best.points, 0.2))
    truth = cKDTree(make_moons(4000, noise=0.0)[0])
    bench.measure("noise 0.2: mean distance of the points to the moons", _away(truth, X), "units")
    away, length = {}, {}
    for name, ae, rows in (
        ("noise 0.1", same, _test(bench)),
        ("noise 0.2, not retrained", same, X),
        ("noise 0.2, trained there", trained, X),
    ):
        length[name], away[name] = _geometry(ae, rows)
        bench.measure(f"{name}: test error", mse(rows, ae.reconstruct(rows)), "squared units a feature")
        bench.measure(f"{name}: length of the curve", length[name], "units")
        bench.measure(f"{name}: mean distance of reconstructions to the moons", away[name], "units")
    bench.state(
        "Without retraining the model cleans: reconstructions lie nearer to the moons than the noisy points.",
        away["noise 0.2, not retrained"] < _away(truth, X),
        reconstructions=away["noise 0.2, not retrained"],
        points=_away(truth, X),
    )
    bench.state(
        "Trained at noise 0.2 the reconstructed set lies farther from the moons than that of noise 0.1.",
        away["noise 0.2, trained there"] > away["noise 0.1"],
        **{name: away[name] for name in ("noise 0.2, trained there", "noise 0.1")},
    )
    bench.draw(
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


def _matching(bench: Bench, encoder: Network, penalty: MMD) -> Autoencoder:
    return autoencoder(
        bench, 2, encoder, penalties=penalty, epochs=bench.choose(30, 200), batch_size=_BATCH, lr=3e-3,
        schedule="cosine", drop_last=True,
    )  # fmt: skip


def matched(bench: Bench) -> None:
    """Bottleneck 2 with MMD to the standard normal: kernels, bandwidths, weight, networks."""
    limit, X_test = float(_study(bench)[_best(bench)].mean()) / 10, _test(bench)
    networks: dict[str, Network] = {"MLP": MLP((100, 100)), "residual": Residual(3, 100)}
    bandwidths, weights = bench.choose((5,), (3, 5, 7)), bench.choose((1.0,), (0.1, 1.0, 10.0))
    normal = np.random.RandomState(0).normal(size=(_TEST_ROWS, 2))
    keys = list(product(networks, ("gaussian", "imq"), bandwidths, weights))
    models = fit_stack(
        [
            _matching(bench, networks[name], MMD(w, kernel=kernel, bandwidths=b))
            for name, kernel, b, w in keys
        ],
        _data(bench, bench.choose(500, 3000)),
        n_jobs=bench.choose(1, 2),
    )
    rows: dict[tuple[str, str, int, float], tuple[float, float, Autoencoder]] = {}
    for ae, key in zip(models, keys, strict=True):
        error, away = _error(ae, X_test), mmd(normal, ae.transform(X_test), n_permutations=1).value
        rows[key] = (error, away, ae)
        label = "{}, {}, {} bandwidths, weight {:g}".format(*key)
        bench.measure(f"{label}: test error", error, "squared units a feature")
        bench.measure(f"{label}: squared MMD of the codes to the normal", away)
    allowed = {key: row for key, row in rows.items() if row[0] <= limit} or rows
    key = min(allowed, key=lambda k: allowed[k][1])
    error, away, ae = rows[key]
    bench.measure("bottleneck 2 with MMD: error over the best of one number", error / (10 * limit))
    made = ae.sample(_TEST_ROWS, random_state=0)
    told, codes = c2st(X_test, made), ae.transform(X_test)
    edge = float(code_histogram(codes).distance.max())
    bench.measure("chosen: squared MMD of the codes to the normal", away)
    bench.measure("chosen: largest distance of a coordinate's distribution function from the normal's", edge)
    bench.measure("chosen: accuracy of a classifier on samples (0.5 is best)", told.value)
    bench.note("Chosen: {}, {} kernel, {} bandwidths, weight {:g}: of those below a tenth of the best error of a "
               "one-number code, the one whose codes are nearest to the normal.".format(*key))  # fmt: skip
    bench.state(
        "Each coordinate of the codes follows the standard normal (distribution functions within 0.1).",
        edge < 0.1,
        distance=edge,
    )
    bench.draw(
        "matched-codes",
        "Codes, and the normal they are drawn to",
        f"No coordinate's distribution function is farther than {edge:.2f} from the normal's; the squared MMD of both "
        f"together is {away:.4f}.",
        lambda: _clouds({"codes": codes, "standard normal": normal}, "z", xlim=(-4, 4), ylim=(-4, 4)),
    )
    bench.draw(
        "matched-samples",
        "Real moons, and samples of the normal, decoded",
        f"Two numbers keep the noise too: a classifier is right in {told.value:.0%} of the cases. "
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
