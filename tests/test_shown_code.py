"""Everything shown runs: the Python code of the README and of the documentation's pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from members import FAMILIES

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "docs/index.md",
    "docs/extend.md",
    "docs/explorer.md",
    "docs/export.md",
    "docs/lightning.md",
    "docs/scaling.md",
]


# Lightning warns when a training goes on in the folder of its own checkpoints, and of its summary of bytes.
@pytest.mark.filterwarnings("ignore:Checkpoint directory")
@pytest.mark.filterwarnings("ignore:Precision bf16-mixed is not supported by the model summary")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_from_top_to_bottom(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks, f"{page} shows no code"
    monkeypatch.chdir(tmp_path)
    for family in FAMILIES:  # what the page registers goes with it
        monkeypatch.setattr(family, "_table", dict(family.items()))
    names: dict[str, object] = {"__name__": "shown"}
    for block in blocks:
        # Without this the code would be read under this file's own __future__ imports.
        exec(compile(block, page, "exec", dont_inherit=True), names)
    if page == "README.md":
        assert "PCA" in capsys.readouterr().out


def test_pages_link_to_what_is_there() -> None:
    for page in PAGES:
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / page).read_text(encoding="utf-8")):
            assert (folder / target).exists(), f"{page} links to {target}, which is not there"
