"""Stage 11: research stocks with uncertain success, and certification of high-tech firms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.firm import across
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel


@stage(
    reads=(
        "firms.building firms.expected_sales firms.high_tech firms.rd_share firms.rd_spending "
        "firms.rd_stock firms.sector firms.shock firms.staff firms.weight"
    ),
    writes="firms.high_tech firms.rd_share firms.rd_stock",
)
def innovate(model: RegionModel) -> None:
    """Add successful research to stocks that age (P64); certify firms whose reported research passes the threshold."""
    firms, p = model.firms, model.p
    gain = np.zeros(firms.n)
    rows = np.flatnonzero(firms.rd_spending)  # luck is drawn up to the last id that needs it, and the last ids do not
    luck = model.streams.uniform("firm.research", firms.id[rows]) < p.research_success
    gain[rows] = np.where(luck, firms.rd_spending[rows] / p.research_success, 0.0)
    firms.rd_stock = firms.rd_stock * (1.0 - model.rates.research_loss) + gain
    certify_firms(model)


def certify_firms(model: RegionModel) -> None:
    """Certify about as many firms as the pool allows (I07a), among those with enough staff and reported research.

    Reported research is spending over 1 - P61 where a firm stands just below the threshold (relabelled expense).
    """
    firms, p, frame = model.firms, model.p, model.frame
    active = (frame.hightech_sector > 0) | (frame.industrial > 0)
    rows = np.flatnonzero(active[firms.sector] & (firms.high_tech == 0) & firms.producing)
    rows = rows[across(firms.staff[rows]) >= p.certification_staff]
    revenue = np.maximum(firms.expected_sales[rows] * np.exp(firms.shock[rows]), 1e-9)
    reported = firms.rd_spending[rows] / revenue / (1.0 - p.relabel)
    rows = rows[reported >= p.certification_threshold]
    likely = frame.hightech_share[firms.sector[rows]]
    size = np.zeros(firms.n)
    size[rows] = likely * firms.weight[rows]
    total = float(size.sum())
    if total <= 0.0:
        return
    wanted = model.terms.certification.total * p.pool_success / 4.0
    chance = np.minimum(wanted * likely / total, 1.0)
    new = rows[model.streams.uniform("firm.certification", firms.id[rows]) < chance]
    firms.high_tech[new] = 1
    firms.rd_share[new] *= p.certified_effort
    model.facts["certified"] = float(firms.weight[new].sum())
