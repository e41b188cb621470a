"""What a store answers: probabilities by point with their intervals, and how far each point has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.statistics import wilson
from experiments.sweep.looks import ALL, target_columns
from experiments.sweep.schema import OK
from experiments.sweep.store import SweepStore
from sim.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd


def probability(store: SweepStore, target: str = ALL) -> pd.DataFrame:
    """Return a probability for every point that has runs: n, failed, probability, low, high (95 % Wilson).

    A run that failed counts neither way: it is in `failed`, never a zero. The interval is over luck and, where
    assumptions are sampled, over them too.
    """
    known = target_columns()
    if target not in known:
        begun = [name for name in known if target and name.startswith(f"{target.lower()}_")]
        close = begun or nearest(target, list(known))
        hint = f"did you mean {' or '.join(close)}?" if close else f"choose one of {', '.join(known)}"
        raise InputError(f"no target {target!r}; {hint}")
    runs = store.runs(columns=["point_id", "status", known[target]]).to_pandas()
    good = runs[runs["status"] == OK].groupby("point_id")[known[target]].agg(["sum", "count"])
    failed = runs[runs["status"] != OK].groupby("point_id").size()
    points = store.points().to_pandas().set_index("point_id").drop(columns="point_hash")
    found = points.join(good.rename(columns={"sum": "reached", "count": "n"}), how="inner")
    found["failed"] = failed.reindex(found.index, fill_value=0)
    ends = [wilson(int(k), int(n)) for k, n in zip(found.pop("reached"), found["n"], strict=True)]
    found["probability"] = [int(k) / int(n) for k, n in zip(good.loc[found.index, "sum"], found["n"], strict=True)]
    found["low"], found["high"] = zip(*ends, strict=True) if ends else ((), ())
    return found.reset_index()
