"""Does a classifier of the originals see the same in reconstructions and in synthetic samples?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from . import checks
from .checks import Float


class Classifier(Protocol):
    """What a judge must do: scikit-learn's ``predict``, ``predict_proba`` and ``classes_``."""

    classes_: Any

    def predict(self, X: Any) -> Any:
        """Labels of rows."""

    def predict_proba(self, X: Any) -> Any:
        """Class probabilities of rows, columns in the order of ``classes_``."""


def train_classifier(
    X: npt.ArrayLike, y: npt.ArrayLike, n_estimators: int = 100, random_state: int | None = 0
) -> Classifier:
    """A random forest trained on originals, to judge reconstructions and samples.

    Parameters
    ----------
    X : array of shape (rows, ...)
        Originals; further axes are flattened.
    y : array of shape (rows,)
        Their labels, two or more different ones.
    n_estimators : int
        Number of trees.
    random_state : int or None
        Seed.

    Returns
    -------
    sklearn.ensemble.RandomForestClassifier

    Raises
    ------
    DataError
        If there is one class only, or rows and labels do not match.

    References
    ----------
    L. Breiman, Random forests, Machine Learning 45, 2001, doi:10.1023/A:1010933404324.

    Examples
    --------
    >>> classifier = train_classifier([[0.0], [0.1], [1.0], [1.1]], ["a", "a", "b", "b"], n_estimators=20)
    >>> classifier.predict([[0.05]]).tolist()
    ['a']
    """
    from sklearn.ensemble import RandomForestClassifier

    rows = checks.matrix(X, "X", min_rows=2)
    known = checks.labels(y, len(rows))
    if len(np.unique(known)) < 2:
        raise DataError(
            f"a classifier needs at least two classes, got only {known[0]!r} in {len(rows)} samples."
        )
    forest = RandomForestClassifier(checks.count(n_estimators, "n_estimators"), random_state=random_state)
    classifier: Classifier = forest.fit(rows, known)
    return classifier


def label_agreement(classifier: Classifier, x: npt.ArrayLike, x_hat: npt.ArrayLike) -> float:
    r"""Share of rows whose original and reconstruction get the same label.

    .. math:: \frac{1}{n} \sum_i [f(x_i) = f(\hat x_i)]

    Parameters
    ----------
    classifier : classifier
        Trained on other rows than these, so that it does not know them by heart.
    x : array of shape (rows, ...)
        Originals.
    x_hat : array of the same shape
        Reconstructions.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> classifier = train_classifier([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1], n_estimators=20)
    >>> label_agreement(classifier, [[0.0], [1.0]], [[0.1], [0.0]])
    0.5
    """
    a, b = checks.same_shape(x, x_hat)
    return float(np.mean(classifier.predict(_flat(a)) == classifier.predict(_flat(b))))


def label_accuracy(classifier: Classifier, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Share of rows to which the judge gives their label.

    The rows are reconstructions (y: the labels of their originals) or synthetic samples drawn from one
    density per class (y: the class each was drawn from).

    Parameters
    ----------
    classifier : classifier
        Trained on originals.
    X : array of shape (rows, ...)
        Rows to judge.
    y : array of shape (rows,)
        The labels they should get.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> classifier = train_classifier([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1], n_estimators=20)
    >>> label_accuracy(classifier, [[0.0], [1.0], [0.0]], [0, 1, 1])
    0.6666666666666666
    """
    rows = checks.matrix(X, "X")
    return float(np.mean(classifier.predict(rows) == checks.labels(y, len(rows))))


@dataclass(frozen=True)
class Certainty:
    """How sure a judge is of each row.

    Attributes
    ----------
    label : ndarray of shape (rows,)
        The likeliest class.
    confidence : ndarray of shape (rows,)
        Its probability.
    entropy : ndarray of shape (rows,)
        Entropy of the class probabilities in nats: 0 when certain, log(classes) when clueless.
    """

    label: npt.NDArray[Any]
    confidence: Float
    entropy: Float


def certainty(classifier: Classifier, X: npt.ArrayLike) -> Certainty:
    r"""The judge's confidence and entropy for rows without labels.

    .. math:: \max_c p_c(x), \qquad H(x) = -\sum_c p_c(x) \log p_c(x)

    Parameters
    ----------
    classifier : classifier
        Trained on originals.
    X : array of shape (rows, ...)
        Reconstructions or synthetic samples.

    Returns
    -------
    Certainty

    Examples
    --------
    >>> classifier = train_classifier([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1], n_estimators=20)
    >>> bool(certainty(classifier, [[0.0]]).confidence[0] > 0.8)
    True
    """
    p = np.asarray(classifier.predict_proba(checks.matrix(X, "X")), dtype=np.float64)
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1)
    return Certainty(np.asarray(classifier.classes_)[p.argmax(axis=1)], p.max(axis=1), np.abs(entropy))


def agreement(
    classifier: Classifier,
    x: npt.ArrayLike,
    x_hat: npt.ArrayLike,
    y: npt.ArrayLike | None = None,
    synthetic: npt.ArrayLike | None = None,
    synthetic_labels: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """All figures that a judge gives, as far as there are labels and samples.

    Parameters
    ----------
    classifier : classifier
        Trained on other originals than x, see :func:`train_classifier`.
    x : array of shape (rows, ...)
        Held-out originals.
    x_hat : array of the same shape
        Their reconstructions.
    y : array of shape (rows,) or None
        Labels of the originals.
    synthetic : array of shape (samples, ...) or None
        Synthetic samples.
    synthetic_labels : array of shape (samples,) or None
        The class each was drawn from.

    Returns
    -------
    dict of str to float
        ``agreement``; with labels ``accuracy_originals`` and ``accuracy_reconstructions``; with samples
        ``confidence_synthetic`` and ``entropy_synthetic`` (means) and, with their labels,
        ``accuracy_synthetic``.

    Examples
    --------
    >>> classifier = train_classifier([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1], n_estimators=20)
    >>> agreement(classifier, [[0.0], [1.0]], [[0.1], [0.0]], y=[0, 1])
    {'agreement': 0.5, 'accuracy_originals': 1.0, 'accuracy_reconstructions': 0.5}
    """
    scores = {"agreement": label_agreement(classifier, x, x_hat)}
    if y is not None:
        scores["accuracy_originals"] = label_accuracy(classifier, x, y)
        scores["accuracy_reconstructions"] = label_accuracy(classifier, x_hat, y)
    if synthetic is not None:
        sure = certainty(classifier, synthetic)
        means: Mapping[str, Float] = {"confidence": sure.confidence, "entropy": sure.entropy}
        scores |= {f"{name}_synthetic": float(values.mean()) for name, values in means.items()}
        if synthetic_labels is not None:
            scores["accuracy_synthetic"] = label_accuracy(classifier, synthetic, synthetic_labels)
    return scores


def _flat(rows: Float) -> Float:
    return rows.reshape(len(rows), -1)
