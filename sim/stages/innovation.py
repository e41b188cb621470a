"""Stage 11: research stocks with uncertain success, and certification of high-tech firms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    luck = model.streams.uniform("firm.research", firms.id) < p.research_success
    gain = np.where(luck, firms.rd_spending / p.research_success, 0.0)
    firms.rd_stock = firms.rd_stock * (1.0 - model.rates.research_loss) + gain
    certify_firms(model)


def certify_firms(model: RegionModel) -> None:
    """Certify about as many firms as the pool allows (I07a), among those with enough staff and reported research.

    Reported research is spending over 1 - P61 where a firm stands just below the threshold (relabelled expense).
    """
    firms, p, frame = model.firms, model.p, model.frame
    revenue = np.maximum(firms.expected_sales * np.exp(firms.shock), 1e-9)
    reported = firms.rd_spending / revenue / (1.0 - p.relabel)
    active = (frame.hightech_sector[firms.sector] > 0) | (frame.industrial[firms.sector] > 0)
    enough = active & (firms.high_tech == 0) & firms.producing & (reported >= p.certification_threshold)
    enough &= firms.employment >= p.certification_staff
    likely = enough * frame.hightech_share[firms.sector]
    size = likely * firms.weight
    total = float(size.sum())
    if total <= 0.0:
        return
    wanted = model.terms.certification.total * p.pool_success / 4.0
    chance = np.minimum(wanted * likely / total, 1.0)
    new = model.streams.uniform("firm.certification", firms.id) < chance
    firms.high_tech = np.where(new, 1, firms.high_tech)
    firms.rd_share = np.where(new, firms.rd_share * p.certified_effort, firms.rd_share)
    model.facts["certified"] = float(firms.weight[new].sum())
