"""Memory that ``fit`` takes beyond the caller's array, in a fresh process each."""

from __future__ import annotations

import argparse
import subprocess
import sys

from harness import finish

CODE = """
import resource, sys, numpy as np
from diabolo import Training, recipes
X = np.random.default_rng(0).random(({rows}, 784), np.float32).astype("{dtype}")
recipes.deep(2, training=Training(epochs=1), verbose=False).fit(X[:512])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
recipes.deep(2, training=Training(epochs=1), verbose=False).fit(X)
print(X.nbytes, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
ALLOWED = {"float32": (0.0, 300e6), "float64": (0.5, 300e6)}


def main() -> None:
    """Print and write the growth of the process, beside what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    lines = []
    for dtype, (share, constant) in ALLOWED.items():
        code = CODE.format(rows=10_000 if quick else 60_000, dtype=dtype)
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        size, grown = map(int, done.stdout.split())
        allowed = share * size + constant
        print(
            f"fit on {size / 1e6:.0f} MB of {dtype}: {grown / 1e6:.0f} MB more, at most {allowed / 1e6:.0f} MB"
        )
        row = {"name": "diabolo", "installed": True, "seconds": None, "megabytes": grown / 1e6}
        row |= {"wanted": allowed / 1e6, "reached": grown <= allowed, "ratio": 1, "score": grown / 1e6}
        row["worse"] = grown > allowed
        lines.append(
            {
                "work": f"fit on {size / 1e6:.0f} MB of {dtype}",
                "unit": "run",
                "score": "MB",
                "floor": None,
                "rivals": [row],
            }
        )
    finish("memory", "Memory", lines, write=not quick)


if __name__ == "__main__":
    main()
