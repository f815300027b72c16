"""What the wheel and the source archive hold."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str], int]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    wheel, sdist = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    with tarfile.open(sdist) as tar:
        inside = {name.partition("/")[2] for name in tar.getnames()}
    return set(zipfile.ZipFile(wheel).namelist()), inside, wheel.stat().st_size


def test_the_wheel_holds_the_package_and_nothing_else(archives: tuple[set[str], set[str], int]) -> None:
    wheel, _, size = archives
    modules = {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src").rglob("*.py")}
    assert modules <= wheel
    assert "diabolo/py.typed" in wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"diabolo"}
    assert size < 2_000_000


def test_the_source_archive_can_be_tested(archives: tuple[set[str], set[str], int]) -> None:
    _, sdist, _ = archives
    expected = {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt", "tests/conftest.py"}
    assert expected <= sdist
    assert not {name for name in sdist if name.startswith((".venv", "runs", ".git/"))}
