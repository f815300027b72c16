"""The numerical tests under every kind of kernels that this processor has, with one, two and four threads.

``make any-cpu`` runs it. PyTorch, MKL and oneDNN choose their kernels by what a processor can do, and can be told to
choose as an older one would: what passes here passes where those kernels are all that there is.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# By PyTorch's names, oldest first: what PyTorch, MKL and oneDNN are told.
KERNELS = {
    "DEFAULT": ("default", "SSE4_2", "SSE41"),
    "AVX2": ("avx2", "AVX2", "AVX2"),
    "AVX512": ("avx512", "AVX512", "AVX512_CORE"),
}
VARIABLES = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")
THREADS = (1, 2, 4)
TESTS = (
    *("tests/functional", "tests/networks", "tests/penalties", "tests/corruption", "tests/latent"),
    "tests/likelihoods",
    *("tests/training", "tests/studies", "tests/lightning", "tests/experiments"),
    *(
        "tests/test_bounds.py",
        "tests/test_oracles.py",
        "tests/test_common.py",
        "tests/test_io.py",
    ),
)
# A minute's worth: stacks against models alone, and replayed steps.
SHORT = (
    *("tests/networks/test_networks_stack.py", "tests/studies/test_studies_stack.py"),
    "tests/training/test_training_captured_step.py",
)


@dataclass(frozen=True)
class Setting:
    """Kernels by PyTorch's name, and a number of threads."""

    kernels: str
    threads: int

    @property
    def environment(self) -> dict[str, str]:
        """What a process must find to compute so; kernels that have no name here are those it takes by itself."""
        told = dict(zip(VARIABLES, KERNELS.get(self.kernels, ()), strict=False))
        return {name: value for name, value in os.environ.items() if name not in VARIABLES} | {
            **told,
            "OMP_NUM_THREADS": str(self.threads),
        }


def settings(native: str, *, short: bool) -> list[Setting]:
    """What is run on a processor whose best kernels are ``native``; the short form leaves those out.

    Examples
    --------
    >>> [(s.kernels, s.threads) for s in settings("AVX2", short=True)]
    [('DEFAULT', 2)]
    >>> len(settings("AVX512", short=False)), len(settings("SVE256", short=False))
    (9, 3)
    """
    names = list(KERNELS)
    known = names[: names.index(native) + 1] if native in names else [native]
    if short:
        # Two threads: plain test runs take one, or all.
        return [Setting(name, 2) for name in known[:-1] or known]
    return [Setting(name, threads) for name in known for threads in THREADS]


def run(setting: Setting, tests: tuple[str, ...], workers: int) -> bool:
    """Run tests, and print a line of the table; whether they passed."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-n", str(workers), "--tb=short"]
    command += ["-p", "no:cacheprovider", *tests]
    ended = subprocess.run(
        command, cwd=ROOT, env=setting.environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if ended.returncode:
        say(ended.stdout[-20_000:], ended.stderr[-2_000:])
    words = ("passed", "(?:failed|error)")
    passed, failed = (sum(map(int, re.findall(rf"(\d+) {word}", ended.stdout))) for word in words)
    say(f"{setting.kernels:<10} {setting.threads:>7} {passed:>7} {failed:>7} {seconds:>8.0f}")
    return not ended.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="a minute's worth, as in make check")
    parser.add_argument("--workers", type=int, default=2, help="processes that share the tests")
    given = parser.parse_args()
    native = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.backends.cpu.get_cpu_capability())"],
        env={name: value for name, value in os.environ.items() if name not in VARIABLES},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    chosen = settings(native, short=given.short)
    say(f"{processor()}, best kernels {native}; run: {', '.join(dict.fromkeys(s.kernels for s in chosen))}")
    head = f"{'kernels':<10} {'threads':>7} {'passed':>7} {'failed':>7} {'seconds':>8}"
    say(head)
    results = [run(setting, SHORT if given.short else TESTS, given.workers) for setting in chosen]
    return 0 if all(results) else 1


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
