"""From a model and rows to the figures of a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import metrics
from ..data.checks import require_finite
from ..data.foreign import as_arrays
from ..errors import DataError, SettingError
from ..metrics.distances import SquaredDistances
from ..metrics.generation import Pair
from ..metrics.neighbours import neighbourhood_of
from ..metrics.structure import spearman_of
from .figures import Errors, FeatureError, Figures, Generation, Latent, Term
from .model import DEAD_SHARE, Prior, Probe, ReportModel, describe_course, look_inside

__all__ = ["Computed", "Options", "compute", "flat_rows"]

Float = NDArray[np.float64]
Array = NDArray[np.floating]

# Where a reconstruction leaves [0, 1] its cross-entropy would be infinite: it is held this far inside.
MARGIN = 1e-3
MOST_CLASSES = 100
_PRIOR_DRAWS = 20_000
_WORST_FEATURES = 10


@dataclass(frozen=True)
class Options:
    """How a report is computed: on how many rows each part, at most (of more, so many are drawn).

    Attributes
    ----------
    fit_rows : int
        Training rows that PCA and the mean are fitted to.
    rows : int
        Errors, loss terms, hidden layers.
    codes : int
        Clusters and neighbours of labels.
    pairs : int
        Neighbourhood measures, whose cost grows with the square.
    samples : int
        Samples and as many rows of data, for the tests of sampling quality.
    features : callable, transformer, (name, either) or None
        What samples are compared on, as in :func:`diabolo.metrics.mmd`; None: the rows themselves.
    random_state : int
        Seed of every draw.
    """

    fit_rows: int = 60_000
    rows: int = 20_000
    codes: int = 5_000
    pairs: int = 2_000
    samples: int = 1_000
    features: Any = None
    random_state: int = 0

    def __post_init__(self) -> None:
        for name in ("fit_rows", "rows", "codes", "pairs", "samples", "random_state"):
            value, low = getattr(self, name), 0 if name == "random_state" else 2
            if not isinstance(value, int) or value < low:
                raise SettingError(f"Options: {name} must be an integer >= {low}, got {value!r}.")


@dataclass(frozen=True)
class Computed:
    """The figures, and the arrays that pictures are drawn from (rows that are finite, subsampled)."""

    figures: Figures
    X: Float
    X_hat: Float
    Z: Float
    y: NDArray[Any] | None
    drawn: Float | None
    samples: Float | None


@dataclass(frozen=True)
class _Rows:
    """Rows with their codes and reconstructions by the model; only rows where both are finite."""

    X: Float
    Z: Float
    X_hat: Float
    kept: NDArray[np.intp]


def flat_rows(X: Any, name: str, width: int | None = None) -> Array:
    """Rows as a matrix of finite numbers; pictures (n, H, W) or (n, C, H, W) are flattened.

    Raises
    ------
    DataError
        If they are not rows of numbers, fewer than two, or of another width than expected.
    """
    array = np.asarray(as_arrays(X, name))
    array = array.reshape(len(array), -1) if array.ndim in (3, 4) else array
    if array.ndim != 2 or len(array) < 2 or array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must be two or more samples of numbers, got shape {np.shape(X)} of {array.dtype}."
        )
    if width is not None and array.shape[1] != width:
        raise DataError(f"{name} must have {width} features as X has, got shape {np.shape(X)}.")
    array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    require_finite(array, name)
    return array


def compute(
    subject: ReportModel,
    X: Array,
    y: NDArray[Any] | None,
    train: tuple[Array, NDArray[Any] | None] | None,
    untrained: ReportModel | None,
    options: Options,
    feature_names: tuple[str, ...] = (),
    on_progress: Callable[[str], None] = lambda _stage: None,
) -> Computed:
    """All figures of a model on rows; see :func:`diabolo.report.health_report`.

    ``on_progress`` is called with the name of each stage as it begins.
    """
    seed = options.random_state
    chosen = _choose(len(X), options.rows, seed)
    judged, labels = X[chosen], None if y is None else y[chosen]
    on_progress("codes and reconstructions")
    rows = _apply(subject, judged)
    learnt, learnt_labels = (judged, None) if train is None else train
    keep = _choose(len(learnt), options.fit_rows, seed)
    learnt, learnt_labels = learnt[keep], None if learnt_labels is None else learnt_labels[keep]
    figures = Figures(
        subject.description,
        rows.Z.shape[1],
        X.shape[1],
        {"given": len(X), "judged": len(judged), "baselines fitted": len(learnt)},
        errors={},
        course=describe_course(subject),
        is_network=subject.network is not None,
        units=subject.units,
        not_finite=len(judged) - len(rows.kept),
    )
    if len(rows.kept) < 2:
        return _without_rows(figures, rows, labels)
    labels = None if labels is None else labels[rows.kept]
    on_progress("PCA beside the model")
    bench = _Bench(subject, rows, learnt, options)
    if watched := figures.course.watched:
        where = "held-out samples" if figures.course.val_reconstruction else "training samples"
        bench.notes.append(
            f"early stopping watched the loss at full weights on {where}: the weights are those of epoch "
            f"{int(np.argmin(watched)) + 1} of {len(watched)}."
        )
    on_progress("latent space and neighbourhoods")
    probe = look_inside(subject, judged[rows.kept], seed)
    figures = bench.fill(figures, probe, feature_names)
    if train is None:
        bench.notes.append(_NO_TRAINING_ROWS)
    else:
        on_progress("training rows")
        own = learnt[_choose(len(learnt), options.rows, seed)]
        figures = bench.fill_training(figures, own, probe, look_inside(subject, own, seed))
    on_progress("errors")
    errors = bench.errors(untrained)
    on_progress("sampling quality")
    generation, samples = bench.generation()
    on_progress("labels")
    figures = dataclasses.replace(
        figures, errors=errors, generation=generation, labels=bench.labels(labels, learnt_labels)
    )
    figures = dataclasses.replace(figures, rows={**figures.rows, **bench.counts}, notes=tuple(bench.notes))
    drawn = None if probe is None else probe.drawn
    return Computed(figures, rows.X, rows.X_hat, rows.Z, labels, drawn, samples)


_NO_TRAINING_ROWS = (
    "no training samples were given: PCA and the mean are fitted to the samples they are evaluated on, which "
    "favours them where the model has not seen these samples."
)


def _without_rows(figures: Figures, rows: _Rows, labels: NDArray[Any] | None) -> Computed:
    """What is left to say where (almost) nothing is finite."""
    notes = ("too few samples have a finite code and reconstruction to compute anything else.",)
    errors = {"model": Errors(float("nan"), float("nan"), float("nan"))}
    figures = dataclasses.replace(figures, errors=errors, notes=notes)
    labels = None if labels is None else labels[rows.kept]
    return Computed(figures, rows.X, rows.X_hat, rows.Z, labels, None, None)


class _Bench:
    """The model and PCA beside it on the same rows; ``notes`` and ``counts`` fill as figures are computed."""

    def __init__(self, subject: ReportModel, rows: _Rows, learnt: Array, options: Options) -> None:
        from sklearn.decomposition import PCA

        self.subject, self.rows = subject, rows
        self.learnt = np.asarray(learnt, np.float64)
        self.options, self.seed = options, options.random_state
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}
        self.components = min(rows.Z.shape[1], *learnt.shape)
        # All that is compared is in the units that the model was trained in, PCA's own fit too.
        self.scale = subject.scale
        self.mean = self.learnt.mean(axis=0)
        self.pca = PCA(self.components, random_state=self.seed).fit(self.learnt / self.scale)
        self.pca_codes = self.pca.transform(rows.X / self.scale)
        low, high = min(rows.X.min(), self.learnt.min()), max(rows.X.max(), self.learnt.max())
        self.inside = bool(low >= 0 and high <= 1)
        self.chosen = _choose(len(rows.X), options.codes, self.seed)

    def fill(self, figures: Figures, probe: Probe | None, feature_names: tuple[str, ...]) -> Figures:
        """The figures with what needs neither training rows nor labels nor samples."""
        return dataclasses.replace(
            figures,
            pca_components=self.components,
            terms=_terms(self.subject, probe, None),
            latent=self.latent(probe),
            neighbourhood=self.neighbourhood(),
            feature_errors=self.worst_features(feature_names),
        )

    def fill_training(
        self, figures: Figures, own: Array, probe: Probe | None, train: Probe | None
    ) -> Figures:
        """The figures with errors and terms on training rows."""
        self.counts["training rows judged"] = len(own)
        back = _apply(self.subject, own)
        pca = self.pca.inverse_transform(self.pca.transform(own / self.scale)) * self.scale
        errors = {}
        if len(back.kept):
            errors["model"] = self._compare(back.X, back.X_hat)
        errors["pca"] = self._compare(np.asarray(own, np.float64), pca)
        return dataclasses.replace(figures, train_errors=errors, terms=_terms(self.subject, probe, train))

    def errors(self, untrained: ReportModel | None) -> dict[str, Errors]:
        """Errors of the model and of all beside it."""
        X = self.rows.X
        found = {
            "model": self._compare(X, self.rows.X_hat),
            "pca": self._compare(X, self.pca.inverse_transform(self.pca_codes) * self.scale),
        }
        if untrained is not None:
            start = _apply(untrained, X)
            if len(start.kept):
                found["untrained"] = self._compare(start.X, start.X_hat)
        found["mean"] = self._compare(X, np.broadcast_to(self.mean, X.shape))
        return found

    def _compare(self, x: Float, x_hat: Float) -> Errors:
        bce = None
        if self.inside:
            leaves = x_hat.min() < 0 or x_hat.max() > 1
            bce = metrics.bce(x, np.clip(x_hat, MARGIN, 1 - MARGIN) if leaves else x_hat)
        squared = float(metrics.squared_error(x, x_hat).mean())
        trained, whole = self._trained(x, x_hat).sum(), self._trained(x, self.mean).sum()
        explained = 1 - trained / whole if whole > 0 else np.nan
        mse, mae = squared / x.shape[1], metrics.mae(x, x_hat)
        return Errors(squared, mse, mae, bce, float(trained), float(explained))

    def _trained(self, x: Float, x_hat: Float) -> Float:
        """The mean squared error of each feature, in the units that were trained."""
        found: Float = (((x - x_hat) / self.scale) ** 2).mean(axis=0)
        return found

    def latent(self, probe: Probe | None) -> Latent:
        """Whether the latent space is used."""
        Z = self.rows.Z
        prior = self.subject.prior
        distance = None if prior is None or probe is None else _prior_distance(prior, probe.drawn, self.seed)
        return Latent(
            variance=tuple(Z.var(axis=0).tolist()),
            active=int(metrics.active_units(Z).sum()),
            effective_rank=metrics.effective_rank(Z),
            participation_ratio=metrics.participation_ratio(Z),
            dead=tuple(np.flatnonzero(metrics.dead_units(Z, DEAD_SHARE)).tolist()),
            kl=None if probe is None or probe.kl is None else tuple(probe.kl.tolist()),
            prior_distance=distance,
            layers=() if probe is None else probe.layers,
        )

    def generation(self) -> tuple[Generation | None, Float | None]:
        """Samples, and how they compare with as many rows of the data."""
        n = min(self.options.samples, len(self.rows.X))
        if n < 8:
            self.notes.append(f"sampling quality needs 8 samples, got {n}.")
            return None, None
        codes, source = self.subject.draw_codes(n, self.rows.Z[self.chosen], self.seed)
        samples = self.subject.decode(codes)
        if not np.isfinite(samples).all():
            self.notes.append("samples are not finite; sampling quality is left out.")
            return None, None
        real = self.rows.X[_choose(len(self.rows.X), n, self.seed + 1)]
        self.counts["samples"] = n
        given: dict[str, Any] = {"features": self.options.features, "random_state": self.seed}
        test, distance = metrics.c2st(real, samples, **given), metrics.mmd(real, samples, **given)
        pair = Pair.of(real, samples, **given)
        near = pair.precision_recall() | pair.density_coverage()
        return (
            Generation(
                source, test.features, float(test), float(distance), float(distance.p_value or 0.0),
                *(float(near[name]) for name in ("precision", "recall", "density", "coverage")),
            ),
            samples,
        )  # fmt: skip

    def neighbourhood(self) -> dict[str, dict[str, float]]:
        """Neighbourhood measures of the codes and of PCA's."""
        pairs = _choose(len(self.rows.X), self.options.pairs, self.seed)
        if len(pairs) <= 20:
            self.notes.append(f"neighbourhood measures need more than 20 samples, got {len(pairs)}.")
            return {}
        self.counts["neighbourhood"] = len(pairs)
        X = SquaredDistances(self.rows.X[pairs])
        both = {"model": self.rows.Z[pairs], "pca": self.pca_codes[pairs]}
        distances = {name: SquaredDistances(np.asarray(Z, np.float64)) for name, Z in both.items()}
        return {
            name: neighbourhood_of(X, Z) | {"spearman": spearman_of(X, Z)} for name, Z in distances.items()
        }

    def labels(self, y: NDArray[Any] | None, learnt: NDArray[Any] | None) -> dict[str, float]:
        """Neighbours and clusters against labels, beside PCA's, and what a random forest sees."""
        if y is None:
            return {}
        classes = np.unique(y)
        if not 2 <= len(classes) <= MOST_CLASSES or len(y) <= 6:
            self.notes.append(
                f"labels with {len(classes)} different values are no classes; their figures are left out."
            )
            return {}
        some = self.chosen
        Z, P, labels = self.rows.Z[some], self.pca_codes[some], y[some]
        self.counts["labelled"] = len(some)
        found: dict[str, float] = {}
        for prefix, codes in (("", Z), ("pca_", P)):
            found[f"{prefix}knn_accuracy"] = metrics.knn_accuracy(codes, labels)
            clusters = metrics.cluster_agreement(codes, labels, random_state=self.seed)
            found |= {f"{prefix}{name}": value for name, value in clusters.items()}
        if learnt is not None and len(np.unique(learnt)) >= 2:
            at = _choose(len(learnt), self.options.codes, self.seed)
            known, test = (self.learnt[at], learnt[at]), some
        else:
            # Rows often come class by class.
            some = np.random.default_rng(self.seed).permutation(some)
            half = some[: len(some) // 2]
            if len(np.unique(y[half])) < 2:
                self.notes.append("too few labelled samples for a classifier; agreement is left out.")
                return found
            known, test = (self.rows.X[half], y[half]), some[len(half) :]
        classifier = metrics.train_classifier(*known, random_state=self.seed)
        return found | metrics.agreement(classifier, self.rows.X[test], self.rows.X_hat[test], y[test])

    def worst_features(self, names: tuple[str, ...]) -> tuple[FeatureError, ...]:
        """The features with the largest error in the units that were trained."""
        each = metrics.feature_error(self.rows.X, self.rows.X_hat)
        trained, whole = (self._trained(self.rows.X, it) for it in (self.rows.X_hat, self.mean))
        explained = 1 - trained / np.where(whole > 0, whole, np.nan)
        called = names or tuple(str(j) for j in range(len(each)))
        worst = np.argsort(-trained, kind="stable")[:_WORST_FEATURES]
        return tuple(FeatureError(called[j], float(each[j]), float(explained[j])) for j in worst)


def _apply(subject: ReportModel, X: Array) -> _Rows:
    Z = subject.codes(X)
    finite = np.isfinite(Z).all(axis=1)
    X_hat = np.full((len(X), X.shape[1]), np.nan)
    if finite.any():
        X_hat[finite] = subject.decode(Z[finite])
    kept = np.flatnonzero(finite & np.isfinite(X_hat).all(axis=1))
    return _Rows(np.asarray(X[kept], np.float64), Z[kept], X_hat[kept], kept)


def _choose(n: int, most: int, seed: int) -> NDArray[np.intp]:
    """All rows, or a draw of so many; in random order only where rows are left out, else as they come."""
    if n <= most:
        return np.arange(n)
    return np.random.default_rng(seed).choice(n, size=most, replace=False)


def _prior_distance(prior: Prior, drawn: Float, seed: int) -> tuple[float, ...]:
    from scipy.stats import ks_2samp

    wanted = prior.draw(_PRIOR_DRAWS, seed)
    return tuple(
        float(ks_2samp(z, p, method="asymp").statistic) for z, p in zip(drawn.T, wanted.T, strict=True)
    )


def _terms(subject: ReportModel, probe: Probe | None, train: Probe | None) -> tuple[Term, ...]:
    """The terms of the loss with their weights at the end of training."""
    network = subject.network
    if network is None or probe is None:
        return ()
    from ..objective import term_weights

    weights = term_weights(network.parts)
    units: Mapping[str, str] = subject.model.history_.units
    return tuple(
        Term(name, value, weights[name], units.get(name, ""), None if train is None else train.terms[name])
        for name, value in probe.terms.items()
    )
