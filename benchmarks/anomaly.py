"""How detectors rank anomalies that they have not seen, side by side; writes the tables of docs/anomaly.md.

Half of the normal rows train, the other half and the anomalies are ranked. Seconds are those of this process on one
thread, fitting and scoring.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anomaly_sets import CHOOSING, CONFIRMING, SETS, Float, present
from harness import write_part
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from diabolo.anomaly import OutlierDetector, mahalanobis_score, pca_residual_score

PAGE = Path(__file__).resolve().parents[1] / "docs" / "anomaly.md"
OURS, NEAREST = "OutlierDetector()", "kNN"
HALVES = {"confirming": CONFIRMING, "choosing": CHOOSING}
# Shares of anomalies among the training rows, and the sets of both halves on which their cost is measured.
TAINTED = (0.05, 0.1)
SMALL = (
    "breastw",
    "cancer",
    "cardio",
    "clusters with local outliers",
    "counts",
    "cover types",
    "heavy tails",
    "wine",
)

Score = Callable[[Float, Float, int], Any]


def _ours(train: Float, test: Float, _: int) -> Any:
    return OutlierDetector().fit(train).anomaly_score(test)


def _nearest(train: Float, test: Float, _: int) -> Any:
    return NearestNeighbors(n_neighbors=5).fit(train).kneighbors(test)[0].mean(axis=1)


def _forest(train: Float, test: Float, seed: int) -> Any:
    return -IsolationForest(random_state=seed).fit(train).score_samples(test)


def _pyod(train: Float, test: Float, seed: int) -> Any:
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(random_state=seed, verbose=0).fit(train).decision_function(test)


# Every rival sees standardised features.
RIVALS: dict[str, Score] = {
    OURS: _ours,
    NEAREST: _nearest,
    "isolation forest": _forest,
    "Mahalanobis": lambda train, test, _: mahalanobis_score(train, test),
    "PCA 90 %": lambda train, test, _: pca_residual_score(train, test),
    "PyOD AutoEncoder": _pyod,
}


def split(name: str, seed: int, taint: float = 0.0) -> tuple[Float, Float, Any]:
    """Training rows, of which a share may be anomalies, rows to rank, and which of these are anomalies."""
    rng = np.random.default_rng(seed)
    X, y = SETS[name](rng)
    normal, strange = (rng.permutation(np.flatnonzero(y == v)) for v in (0, 1))
    half = len(normal) // 2
    mixed = min(round(taint * half / (1 - taint)), len(strange) // 2)
    train, test = np.r_[normal[:half], strange[:mixed]], np.r_[normal[half:], strange[mixed:]]
    scale = StandardScaler().fit(X[train])
    return scale.transform(X[train]), scale.transform(X[test]), y[test]


def measure(name: str, rivals: list[str], seed: int, taint: float = 0.0) -> dict[str, Float]:
    """AUC, average precision and seconds of each rival."""
    train, test, y = split(name, seed, taint)
    found = {}
    for rival in rivals:
        start = time.process_time()
        score = RIVALS[rival](train, test, seed)
        seconds = time.process_time() - start
        found[rival] = np.array([roc_auc_score(y, score), average_precision_score(y, score), seconds])
    shown = ", ".join(f"{rival} {auc:.3f}" for rival, (auc, _, _) in found.items())
    print(f"{name}, seed {seed}, {taint:.0%} anomalies in training: {shown}", flush=True)
    return found


def table(names: tuple[str, ...], rivals: list[str], seeds: int) -> tuple[list[str], list[str]]:
    """The lines of a half's table, and what of it is not as it should be."""
    mean: dict[str, dict[str, Float]] = {}
    for name in names:
        each = [measure(name, rivals, seed) for seed in range(seeds)]
        mean[name] = {r: np.mean([found[r] for found in each], axis=0) for r in rivals}
    lines = _head("set", rivals)
    for name, found in mean.items():
        lines.append(_row(name, [f"{found[r][0]:.3f}" for r in rivals]))
    total = {r: np.mean([found[r] for found in mean.values()], axis=0) for r in rivals}
    for i, (label, form) in enumerate(
        (("mean AUC", ".3f"), ("mean average precision", ".3f"), ("mean seconds", ".2f"))
    ):
        lines.append(_row(f"**{label}**", [f"**{total[r][i]:{form}}**" for r in rivals]))
    short = total[NEAREST][0] - total[OURS][0]
    return lines, [f"mean AUC is {short:.4f} below that of {NEAREST}"] if short > 0.005 else []


def cost(names: tuple[str, ...], seeds: int) -> tuple[list[str], list[str]]:
    """What anomalies among the training rows cost: lines, and what is not as it should be."""
    rivals, lines = [OURS, NEAREST], _head("anomalies among the training rows", [OURS, NEAREST])
    mean: dict[float, dict[str, float]] = {}
    for taint in (0.0, *TAINTED):
        each = [measure(n, rivals, s, taint) for n in names for s in range(seeds)]
        mean[taint] = {r: float(np.mean([found[r][0] for found in each])) for r in rivals}
        lines.append(_row(f"{taint:.0%}", [f"{mean[taint][r]:.3f}" for r in rivals]))
    lost = {t: mean[0.0][OURS] - mean[t][OURS] for t in TAINTED}
    return lines, [f"{t:.0%} anomalies in training cost {c:.3f}" for t, c in lost.items() if c > 0.03]


def _head(first: str, others: list[str]) -> list[str]:
    return [_row(first, others), _row("---", ["---"] * len(others))]


def _row(first: str, others: list[str]) -> str:
    return f"| {first} | " + " | ".join(others) + " |"


def main() -> None:
    """Measure, print and write the page; exit with 1 where a bound is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=[*HALVES, "contaminated"], action="append", help="all unless given")
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    rivals = [r for r in RIVALS if "PyOD" not in r or importlib.util.find_spec("pyod")]
    wrong = []
    for part in given.part or [*HALVES, "contaminated"]:
        lines, why = (
            table(present(HALVES[part]), rivals, given.seeds)
            if part in HALVES
            else cost(present(SMALL), given.seeds)
        )
        print("\n".join(lines), flush=True)
        write_part(PAGE, part, "make bench-anomaly", lines)
        wrong += [f"{part}: {w}" for w in why]
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
