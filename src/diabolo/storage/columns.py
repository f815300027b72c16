"""What a saved model says of the columns of tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data.frames import LIBRARIES
from ..data.schema import Schema
from ..data.variables import KINDS
from .description import integer, listing, one_of, one_of_kinds, record, text
from .format import JSON_NAME, find, read_description

__all__ = ["FITTED", "SCHEMA", "read_schema", "said_to_plain"]

#: Stands for the schema that was learnt, where a parameter was a whole schema.
FITTED = "fitted"

_CATEGORY = one_of_kinds(str, int, float, bool)
#: What the columns of a table are; only where some are no numbers.
SCHEMA = record(
    {
        "library": one_of(*LIBRARIES),
        "variables": listing(
            record(
                {
                    "name": text,
                    "kind": one_of(*(kind for kind, rule in KINDS.items() if rule)),
                    "categories": listing(_CATEGORY),
                    "holds": text,
                    "dtype": text,
                    "zone": text,
                    "origin": integer(-(2**63), 2**63),
                    "step": integer(1),
                }
            )
        ),
    }
)


def said_to_plain(said: Mapping[str, Any] | Schema) -> Any:
    """What was said of columns as JSON holds it."""
    if isinstance(said, Schema):
        return FITTED
    return {str(name): kind if isinstance(kind, str) else list(kind) for name, kind in said.items()}


def read_schema(path: Path) -> Schema | None:
    """How columns of a table become numbers, by a saved model; None where it takes numbers alone.

    Raises
    ------
    FileError
        If there is no model, or it is damaged.
    """
    folder = find(path)
    described = read_description(folder / JSON_NAME)
    learnt = described.get("fitted")
    plain = learnt.get("schema") if isinstance(learnt, Mapping) else None
    if plain is None:
        return None
    SCHEMA(plain, "fitted.schema")
    return Schema.from_plain(plain)
