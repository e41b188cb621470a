"""A result of a proof: a table with a title, a command, and what to read from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Proof:
    """A table of a proof. `rows` hold text and numbers; `notes` say how to read them; `settings` what was run."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    settings: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the table as plain data for `--json`."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "settings": self.settings, "rows": rows, "notes": self.notes}

    def markdown(self) -> str:
        """Return the table as Markdown, which reads well in a terminal too."""
        cells = [[_cell(value) for value in row] for row in (self.columns, *self.rows)]
        width = [max(len(row[k]) for row in cells) for k in range(len(self.columns))]
        lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)) + " |" for row in cells]
        lines.insert(1, "| " + " | ".join("-" * w for w in width) + " |")
        settings = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return "\n".join([f"{self.title} ({settings})", "", *lines, "", *self.notes])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
