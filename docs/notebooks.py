"""Write the tutorials as notebooks into ``docs/_build/notebooks/``: ``python docs/notebooks.py``.

The tutorials are kept as text, ``docs/tutorials/*.md``. The documentation shows them executed; the notebooks are
for filling in: without results, with the answers folded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook

HERE = Path(__file__).parent


def notebook(path: Path) -> nbformat.NotebookNode:
    """A tutorial as a notebook, whose answers JupyterLab folds as the documentation does."""
    made = read_myst_markdown_notebook(path.read_text(encoding="utf-8"), path=path)
    for number, cell in enumerate(made.cells):
        # The same text gives the same file.
        cell["id"] = f"cell-{number}"
        if "hide-cell" in cell.metadata.get("tags", ()):
            cell.metadata["jupyter"] = {"source_hidden": True}
    nbformat.validate(made)
    return made


def write_all(folder: Path) -> list[Path]:
    """Every tutorial as a notebook in a folder; gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted((HERE / "tutorials").glob("[!i]*.md")):
        written.append(folder / f"{path.stem}.ipynb")
        nbformat.write(notebook(path), written[-1])
    return written


if __name__ == "__main__":
    for written in write_all(HERE / "_build" / "notebooks"):
        sys.stdout.write(f"{written}\n")
