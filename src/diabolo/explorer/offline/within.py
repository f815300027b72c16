"""The page of a report with the explorer in it: findings on top, the living map under them, and links between both."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingError
from ...report.html import Living
from ...report.html import page as report_page
from .page import content_of, explorer_files, packed, rows_that_fit, spread_over_labels

if TYPE_CHECKING:
    from ...report import Report

# With more numbers in all, fewer rows go along, so that a page stays below some six megabytes.
_NUMBERS = 2_000_000
_WORST = 50
# What decodes in the page, and whether its weights are float16: the first that can, else what was decoded beforehand.
_ENGINES = (("plain", True), ("plain", False))

#: Findings that the worst reconstructed samples show.
_OF_ERRORS = (
    "not_better_than_mean", "not_better_than_untrained", "worse_than_pca", "linear_in_disguise", "over_fit",
    "validation_rises", "little_explained", "lost_column", "labels_lost",
)  # fmt: skip


def report_with_explorer(
    report: Report, title: str = "Health report", about: Mapping[str, str] | None = None
) -> str:
    """A report as one page that opens with the findings and the explorer of the samples that it was judged on.

    Parameters
    ----------
    report : Report
    title : str, default "Health report"
    about : mapping of str to str, or None
        What stands under the title: data set, run, date, command, ....

    Returns
    -------
    str
        The page, which fetches nothing; without samples that could be shown, without the explorer.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from diabolo import datasets
    >>> from diabolo.report import health_report
    >>> X, y = datasets.load_digits()
    >>> report = health_report(PCA(2).fit(X[:200]), X[200:300], y[200:300], verbose=False)
    >>> 'id="explorer-within"' in report_with_explorer(report)
    True
    """
    living = _living(report)
    return report_page(report.figures, report.findings, report.pictures, title, about=about, living=living)


def _living(report: Report) -> Living | None:
    from ..model import make_subjects
    from ..protocol import pack

    material, computed = report.material, report.material.computed
    if material.model is None or len(computed.X) < 2:
        return None
    shape = material.image_shape
    X = computed.X.astype(np.float32)
    subject = make_subjects(material.model, _shown(X, shape, material.model), computed.y)[0]
    worst = np.argsort(-((computed.X - computed.X_hat) ** 2 / material.scale**2).sum(axis=1), kind="stable")
    chosen = {"worst": worst[: min(_WORST, max(5, len(X) // 20))], "outside": computed.outside[:_WORST]}
    places = spread_over_labels(subject, rows_that_fit(X.shape[1], _NUMBERS))
    places = np.unique(np.concatenate([places, *chosen.values()])).astype(np.intp)
    for engine, half in _ENGINES:
        with suppress(SettingError):
            header, arrays = content_of(subject, engine, half, places)
            break
    else:
        header, arrays = content_of(subject, "atlas", False, places)
    script, style = explorer_files()
    said = f"{len(places):,} of the {len(X):,} samples that were judged"
    return Living(packed(pack(header, arrays)), script, style, _links(chosen), said)


def _shown(X: NDArray[np.float32], shape: tuple[int, ...] | None, model: Any) -> Any:
    """Rows as the explorer is given them: pictures with their shape, columns with their names."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        import pandas as pd

        return pd.DataFrame(X, columns=names)
    return X if shape is None else X.reshape(len(X), *shape)


def _links(chosen: Mapping[str, NDArray[np.intp]]) -> dict[str, tuple[str, str]]:
    """For each finding that samples show: what they are, and their rows."""
    rows = {name: " ".join(map(str, sorted(at.tolist()))) for name, at in chosen.items() if len(at)}
    found = {}
    if "worst" in rows:
        words = f"the {len(chosen['worst'])} worst reconstructed samples"
        found = dict.fromkeys(("worst", *_OF_ERRORS), (words, rows["worst"]))
    if "outside" in rows:
        words = f"{len(chosen['outside'])} samples outside the training range"
        found |= dict.fromkeys(("outside", "outside_range"), (words, rows["outside"]))
    return found
