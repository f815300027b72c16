"""The figures of a model beside PCA on the same rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import metrics
from ..errors import SettingError
from ..metrics.distances import SquaredDistances
from ..metrics.generation import Pair
from ..metrics.neighbours import neighbourhood_of
from ..metrics.structure import spearman_of
from .figures import Errors, FeatureError, Figures, Generation, Latent, Term
from .model import DEAD_SHARE, Prior, Probe, ReportModel

Float = NDArray[np.float64]
Array = NDArray[np.floating]

# Where a reconstruction leaves [0, 1] its cross-entropy would be infinite: it is held this far inside.
_MARGIN = 1e-3
_MOST_CLASSES = 100
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
class Rows:
    """Rows with their codes and reconstructions by the model; only rows where both are finite."""

    X: Float
    Z: Float
    X_hat: Float
    kept: NDArray[np.intp]


class Comparison:
    """The model and PCA beside it on the same rows; ``notes`` and ``counts`` fill as figures are computed."""

    def __init__(self, subject: ReportModel, rows: Rows, learnt: Array, options: Options) -> None:
        from sklearn.decomposition import PCA

        self.subject, self.rows = subject, rows
        self.learnt = np.asarray(learnt, np.float64)
        self.options, self.seed = options, options.random_state
        self.outside: NDArray[np.intp] = np.zeros(0, np.intp)
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
        self.chosen = choose(len(rows.X), options.codes, self.seed)

    def fill(self, figures: Figures, probe: Probe | None, feature_names: tuple[str, ...]) -> Figures:
        """The figures with what needs neither training rows nor labels nor samples."""
        return dataclasses.replace(
            figures,
            pca_components=self.components,
            terms=_terms(self.subject, probe, None),
            latent=self.latent(probe),
            neighbourhood=self.neighbourhood(),
            feature_errors=self.worst_features(feature_names),
            dominant=self.dominant(feature_names),
        )

    def fill_training(
        self, figures: Figures, own: Array, probe: Probe | None, train: Probe | None
    ) -> Figures:
        """The figures with errors and terms on training rows."""
        self.counts["training rows judged"] = len(own)
        back = apply(self.subject, own)
        pca = self.pca.inverse_transform(self.pca.transform(own / self.scale)) * self.scale
        errors = {}
        if len(back.kept):
            errors["model"] = self._compare(back.X, back.X_hat)
        errors["pca"] = self._compare(np.asarray(own, np.float64), pca)
        outside, spread = self.range_of_training(figures.units == "standardised")
        return dataclasses.replace(
            figures,
            train_errors=errors,
            terms=_terms(self.subject, probe, train),
            outside=outside,
            spread=spread,
        )

    def range_of_training(self, of_each_column: bool) -> tuple[int, float | None]:
        """How many rows lie outside the range of training, and how far the median column spreads against it."""
        low, high = self.learnt.min(axis=0), self.learnt.max(axis=0)
        width = high - low if of_each_column else np.float64((high - low).max())
        beyond = np.maximum(low - self.rows.X, self.rows.X - high)
        # What rounding leaves of a constant column is no distance.
        outside = (beyond > width / 2 + 1e-6 * np.maximum(np.abs(low), np.abs(high))).any(axis=1)
        before, now = self.learnt.std(axis=0), self.rows.X.std(axis=0)
        spread = [b / a for a, b in zip(before, now, strict=True) if a > 0]
        self.outside = np.flatnonzero(outside)
        return len(self.outside), float(np.median(spread)) if spread else None

    def dominant(self, names: tuple[str, ...]) -> tuple[str, float] | None:
        """The column with the largest share of the training rows' variance, in the units trained."""
        variance = (self.learnt / self.scale).var(axis=0)
        if not variance.sum() > 0:
            return None
        most = int(variance.argmax())
        return (names[most] if names else str(most)), float(variance[most] / variance.sum())

    def finish(
        self,
        figures: Figures,
        untrained: ReportModel | None,
        labels: NDArray[Any] | None,
        learnt_labels: NDArray[Any] | None,
        on_progress: Callable[[str], None],
    ) -> tuple[Figures, Float | None]:
        """The figures with errors, sampling quality, labels, counts and notes; and the samples."""
        on_progress("errors")
        errors = self.errors(untrained)
        on_progress("sampling quality")
        generation, samples = self.generation()
        on_progress("labels")
        found = self.labels(labels, learnt_labels)
        figures = dataclasses.replace(
            figures,
            errors=errors,
            generation=generation,
            labels=found,
            rows={**figures.rows, **self.counts},
            notes=tuple(self.notes),
        )
        return figures, samples

    def errors(self, untrained: ReportModel | None) -> dict[str, Errors]:
        """Errors of the model and of all beside it."""
        X = self.rows.X
        found = {
            "model": self._compare(X, self.rows.X_hat),
            "pca": self._compare(X, self.pca.inverse_transform(self.pca_codes) * self.scale),
        }
        if untrained is not None:
            start = apply(untrained, X)
            if len(start.kept):
                found["untrained"] = self._compare(start.X, start.X_hat)
        found["mean"] = self._compare(X, np.broadcast_to(self.mean, X.shape))
        return found

    def _compare(self, x: Float, x_hat: Float) -> Errors:
        bce = None
        if self.inside:
            leaves = x_hat.min() < 0 or x_hat.max() > 1
            bce = metrics.bce(x, np.clip(x_hat, _MARGIN, 1 - _MARGIN) if leaves else x_hat)
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
        real = self.rows.X[choose(len(self.rows.X), n, self.seed + 1)]
        self.counts["samples"] = n
        given: dict[str, Any] = {"features": self.options.features, "random_state": self.seed}
        # What a user compares on takes rows as they are; else no column counts for more because of its numbers.
        unit = self.scale if self.options.features is None else 1.0
        both = real / unit, samples / unit
        test, distance = metrics.c2st(*both, **given), metrics.mmd(*both, **given)
        pair = Pair.of(*both, **given)
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
        pairs = choose(len(self.rows.X), self.options.pairs, self.seed)
        if len(pairs) <= 20:
            self.notes.append(f"neighbourhood measures need more than 20 samples, got {len(pairs)}.")
            return {}
        self.counts["neighbourhood"] = len(pairs)
        X = SquaredDistances(self.rows.X[pairs] / self.scale)
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
        if not 2 <= len(classes) <= _MOST_CLASSES or len(y) <= 6:
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
            at = choose(len(learnt), self.options.codes, self.seed)
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


def apply(subject: ReportModel, X: Array) -> Rows:
    Z = subject.codes(X)
    finite = np.isfinite(Z).all(axis=1)
    X_hat = np.full((len(X), X.shape[1]), np.nan)
    if finite.any():
        X_hat[finite] = subject.decode(Z[finite])
    kept = np.flatnonzero(finite & np.isfinite(X_hat).all(axis=1))
    return Rows(np.asarray(X[kept], np.float64), Z[kept], X_hat[kept], kept)


def choose(n: int, most: int, seed: int) -> NDArray[np.intp]:
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
