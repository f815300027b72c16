"""How detectors rank anomalies that they have not seen, side by side; writes the tables of docs/anomaly.md.

Half of the normal rows train, the other half and the anomalies are ranked; again with anomalies among the training
rows. Seconds are those of this process on one thread, fitting and scoring.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import time
import warnings
from collections.abc import Callable, Iterator
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
FOREST, DEEP = "isolation forest", "PyOD AutoEncoder"
# Shares of anomalies among the training rows, and what they may cost of the mean AUC.
TAINTS, COST = (0.05, 0.1), 0.03
# AUCs that differ by no more are a tie; neither rival may be ahead on more than this share of the sets.
TIE, AHEAD = 0.005, 0.1

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
    FOREST: _forest,
    "Mahalanobis": lambda train, test, _: mahalanobis_score(train, test),
    "PCA 90 %": lambda train, test, _: pca_residual_score(train, test),
    DEEP: _pyod,
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
    found = {
        taint: {n: _mean([measure(n, rivals, seed, taint) for seed in range(seeds)]) for n in names}
        for taint in (0.0, *TAINTS)
    }
    total = {taint: _mean(list(each.values())) for taint, each in found.items()}
    lines = [_row("set", rivals), _row("---", ["---"] * len(rivals))]
    lines += [_row(n, [f"{each[r][0]:.3f}" for r in rivals]) for n, each in found[0.0].items()]
    rows = {"mean AUC": [f"{total[0.0][r][0]:.3f}" for r in rivals]}
    for taint in TAINTS:
        rows[f"mean AUC, {taint:.0%} of the training rows anomalies"] = [
            f"{total[taint][r][0]:.3f}" for r in rivals
        ]
    rows["mean average precision"] = [f"{total[0.0][r][1]:.3f}" for r in rivals]
    rows["mean seconds"] = [f"{total[0.0][r][2]:.2f}" for r in rivals]
    ahead = {r: {n for n, each in found[0.0].items() if each[r][0] > each[OURS][0] + TIE} for r in rivals}
    rows[f"sets that it leads by more than {TIE}"] = ["" if r == OURS else str(len(ahead[r])) for r in rivals]
    lines += [
        _row(f"**{label}**", [f"**{v}**" if v else v for v in values]) for label, values in rows.items()
    ]
    return lines, list(
        _wrong(total, set().union(*(ahead[r] for r in rivals if r in (FOREST, DEEP))), len(names))
    )


def _wrong(total: dict[float, dict[str, Float]], behind: set[str], sets: int) -> Iterator[str]:
    short = total[0.0][NEAREST][0] - total[0.0][OURS][0]
    if short > TIE:
        yield f"mean AUC is {short:.4f} below that of {NEAREST}"
    if len(behind) > AHEAD * sets:
        yield f"behind {FOREST} or {DEEP} on {len(behind)} of {sets} sets: {', '.join(sorted(behind))}"
    for taint in TAINTS:
        lost = total[0.0][OURS][0] - total[taint][OURS][0]
        if lost > COST:
            yield f"{taint:.0%} anomalies in training cost {lost:.3f}"


def _mean(each: list[dict[str, Float]]) -> dict[str, Float]:
    return {rival: np.mean([found[rival] for found in each], axis=0) for rival in each[0]}


def _row(first: str, others: list[str]) -> str:
    return f"| {first} | " + " | ".join(others) + " |"


def main() -> None:
    """Measure, print and write the page; exit with 1 where a bound is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(HALVES), action="append", help="all unless given")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    rivals = [r for r in RIVALS if "PyOD" not in r or importlib.util.find_spec("pyod")]
    wrong = []
    for part in given.part or HALVES:
        lines, why = table(present(HALVES[part]), rivals, given.seeds)
        print("\n".join(lines), flush=True)
        write_part(PAGE, part, "make bench-anomaly", lines)
        wrong += [f"{part}: {w}" for w in why]
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
