"""The integration graph: places, links in layers, and the kernels that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.csgraph import shortest_path

from agents.columns import Floats
from sim.calibration import tables

if TYPE_CHECKING:
    import networkx as nx

    from sim.params import Parameters
    from sim.scenario import Scenario

LAYERS = ("transport", "planning", "services", "industry", "environment", "customs")
TRANSPORT = 0
UNSCHEDULED = 10**6  # the quarter of opening of a link that nobody has dated
EARTH_KM = 6371.0
FAR = 1e6  # minutes between places that no open link joins: weighs nothing in any kernel


@dataclass(frozen=True)
class Kernels:
    """What follows from the distances; recomputed only when an edge changes. Sites are the first rows of every
    matrix.
    """

    minutes: Floats  # generalised minutes between nodes, shape (nodes, nodes)
    access: Floats  # decay of market potential between sites and nodes, shape (sites, nodes)
    commute: Floats  # weight of a home (sites and Kunming core) for a workplace, shape (sites + 1, sites + 1)
    knowledge: Floats  # local plus regional spillover between sites, shape (sites, sites)
    services: Floats  # share of Kunming's services within reach of each home, shape (sites + 1,)


@dataclass
class Network:
    """Links as columns: source, target, layer, minutes or weight, and the state of construction."""

    nodes: tuple[str, ...]
    n_sites: int
    coordinates: Floats  # longitude and latitude, degrees, shape (nodes, 2)
    source: Any
    target: Any
    layer: Any
    minutes: Any  # of an open transport edge, minutes
    weight: Any  # of a joint layer, 0 to 1
    base_weight: Any  # weight without any lever
    reference: Any  # weight in 2020: 0 for a link that a scenario adds
    opens: Any  # quarter in which the edge opens; -1 open from the start
    cost: Any  # million yuan, spread over the quarters before the opening
    mode: list[str]
    radial: Any = field(init=False)  # transport edges between Kunming core and a site of the New Area
    kunming: int = field(init=False)
    kunming_minutes: float = 45.0  # I11b as built so far
    base_kunming_minutes: float = 45.0
    open: Any = field(init=False)
    joint: dict[str, tuple[Any, float]] = field(init=False)  # rows of a layer and their mean weight without any lever
    kernels: Kernels | None = None

    def __post_init__(self) -> None:
        self.kunming = self.nodes.index("kunming_centre")
        ends = np.stack([self.source, self.target])
        touches = (ends == self.kunming).any(axis=0)
        # The airport is no site, but the way of the airport side of the New Area to Kunming leads over it.
        inside = ((ends < self.n_sites) | (ends == self.nodes.index("changshui_airport"))).any(axis=0)
        self.radial = touches & inside & (self.layer == TRANSPORT)
        self.open = self.opens < 0
        layers = {name: np.flatnonzero(self.layer == number) for number, name in enumerate(LAYERS)}
        self.joint = {
            name: (rows, float(self.base_weight[rows].mean()) if len(rows) else 0.0) for name, rows in layers.items()
        }

    def copy(self) -> Network:
        """Return an independent copy; kernels are immutable and shared."""
        twin = Network.__new__(Network)
        twin.__dict__.update({k: v.copy() if isinstance(v, np.ndarray) else v for k, v in self.__dict__.items()})
        return twin

    def advance(
        self, quarter: int, targets: dict[str, float], kunming_minutes: float, build_quarters: float, pace: float
    ) -> float:
        """Open what is finished, set the weights of the layers, move the road to Kunming on; returns minutes saved.

        targets: wanted weight of a layer by name; kunming_minutes: wanted travel time (I11b), reached by construction
        over build_quarters where money lasts (pace in [0, 1] is the share of the works that is paid).
        """
        changed = False
        now_open = self.opens <= quarter
        if (now_open != self.open).any():
            self.open, changed = now_open, True
        for name, wanted in targets.items():
            rows, usual = self.joint[name]
            shift = wanted - usual
            new = np.clip(self.base_weight[rows] + shift, 0.0, 1.0) if shift else self.base_weight[rows]
            if (new != self.weight[rows]).any():
                self.weight[rows], changed = new, True
        saved = pace * self.works(kunming_minutes, build_quarters)
        if saved:
            self.kunming_minutes, changed = self.kunming_minutes - saved, True
        if changed:
            self.kernels = None
        return saved

    def works(self, kunming_minutes: float, build_quarters: float) -> float:
        """Return the minutes that a quarter of works would save on the way to Kunming; nothing is ever undone."""
        step = abs(self.base_kunming_minutes - kunming_minutes) / build_quarters
        return min(step, max(self.kunming_minutes - kunming_minutes, 0.0))

    def outlay(self, quarter: int) -> float:
        """Return what works on links that open later cost this quarter, million yuan: spread evenly until they open."""
        works = (self.opens >= quarter) & (self.opens < UNSCHEDULED) & (self.cost > 0.0)
        return float((self.cost[works] / np.maximum(self.opens[works], 1)).sum())

    def refresh(self, p: Parameters) -> Kernels:
        """Return the kernels, computing them if an edge has changed since the last time."""
        if self.kernels is None:
            self.kernels = self._compute(p)
        return self.kernels

    def savings(self, layer_effect: float, customs_effect: float) -> Floats:
        """Return the share of travel minutes that joint layers save, symmetric, shape (nodes, nodes)."""
        size = len(self.nodes)
        saving = np.zeros((size, size))
        joint = self.layer != TRANSPORT
        effect = np.where(self.layer == LAYERS.index("customs"), customs_effect, layer_effect)
        gain = (effect * (self.weight * self.open - self.reference))[joint]
        np.add.at(saving, (self.source[joint], self.target[joint]), gain)
        return np.clip(saving + saving.T, -0.5, 0.5)

    def _compute(self, p: Parameters) -> Kernels:
        size, sites = len(self.nodes), self.n_sites
        matrix = np.full((size, size), np.inf)
        rows = (self.layer == TRANSPORT) & self.open & np.isfinite(self.minutes)
        edge = np.where(self.radial, self.minutes * self.kunming_minutes / self.base_kunming_minutes, self.minutes)[
            rows
        ]
        np.minimum.at(matrix, (self.source[rows], self.target[rows]), edge)
        matrix = np.minimum(matrix, matrix.T)
        minutes = np.minimum(shortest_path(np.where(np.isinf(matrix), 0.0, matrix), directed=False), FAR)
        # A joint layer joins two places whatever roads lie between them: it lowers the generalised minutes of the pair.
        minutes = minutes * (1.0 - self.savings(p.layer_minutes, p.customs_minutes))
        np.fill_diagonal(minutes, p.own_min)
        homes = [*range(sites), self.kunming]
        commute = np.exp(p.nu_comm * (minutes[np.ix_(homes, homes)] - p.own_min))
        km = self.kilometres()[:sites, :sites]
        knowledge = np.exp(-p.lambda_d * (minutes[:sites, :sites] - p.own_min))
        knowledge = knowledge + p.regional_knowledge * 0.5 ** (km / p.reg_half)
        weight = self._service_weight()
        reach = np.append(np.exp(-p.service_decay * minutes[:sites, self.kunming]) * (0.5 + 0.5 * weight), 1.0)
        return Kernels(minutes, np.exp(-p.mp_decay * minutes[:sites]), commute, knowledge, reach)

    def _service_weight(self) -> Floats:
        rows = np.flatnonzero(self.layer == LAYERS.index("services"))
        weight = np.zeros(self.n_sites)
        site = np.minimum(self.source[rows], self.target[rows])
        weight[site[site < self.n_sites]] = self.weight[rows][site < self.n_sites]
        return weight

    def kilometres(self) -> Floats:
        """Return great-circle distances between nodes, km, shape (nodes, nodes)."""
        lon, lat = np.radians(self.coordinates).T
        half = np.sin((lat[:, None] - lat) / 2) ** 2
        half = half + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
        return 2.0 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))

    def as_networkx(self) -> nx.MultiGraph:
        """Return the links as a networkx multigraph, for drawing, measures and editing by hand."""
        import networkx as nx

        graph: nx.MultiGraph = nx.MultiGraph()
        for k, name in enumerate(self.nodes):
            graph.add_node(name, site=k < self.n_sites, lon=self.coordinates[k, 0], lat=self.coordinates[k, 1])
        for k in range(len(self.source)):
            graph.add_edge(
                self.nodes[self.source[k]],
                self.nodes[self.target[k]],
                layer=LAYERS[self.layer[k]],
                mode=self.mode[k],
                minutes=float(self.minutes[k]),
                weight=float(self.weight[k]),
                open=bool(self.open[k]),
                cost=float(self.cost[k]),
            )
        return graph


def build_network(scenario: Scenario) -> Network:
    """Build the graph from the tables and the hypothetical places and links of a scenario."""
    places = sorted(tables.sites().values(), key=lambda s: s.role != "new_area")
    names = [s.id for s in places] + [str(park["id"]) for park in scenario.parks]
    airport = next(s for s in places if s.id == "changshui_airport")
    coordinates = [
        (s.lon if s.lon is not None else airport.lon, s.lat if s.lat is not None else airport.lat) for s in places
    ]
    rows = [
        (
            r.source_node,
            r.target_node,
            r.layer,
            r.minutes_2020,
            r.weight_2020,
            -1 if r.state == "open" else UNSCHEDULED,
            r.cost,
            r.mode,
            False,
        )
        for r in tables.links()
    ]
    sites = sum(s.role == "new_area" for s in places)
    for park in (
        scenario.parks
    ):  # a hypothetical park stands beside an existing place: its node comes after the sites of the table
        near = next(s for s in places if s.id == park["near"])
        coordinates.append((near.lon or airport.lon, near.lat or airport.lat))
        rows.append((str(park["id"]), near.id, "transport", float(park["minutes"]), None, -1, 0.0, "road", True))
    order = [*range(sites), *range(len(places), len(names)), *range(sites, len(places))]
    names, coordinates = [names[k] for k in order], [coordinates[k] for k in order]
    for link in scenario.links:
        rows.append(
            (
                link["source"],
                link["target"],
                link["layer"],
                link.get("minutes"),
                link.get("weight"),
                link.get("opens", -1),
                link.get("cost", 0.0),
                link.get("mode", "road"),
                True,
            )
        )
    index = {name: k for k, name in enumerate(names)}
    return Network(
        nodes=tuple(names),
        n_sites=sites + len(scenario.parks),
        coordinates=np.array(coordinates, float),
        source=np.array([index[r[0]] for r in rows]),
        target=np.array([index[r[1]] for r in rows]),
        layer=np.array([LAYERS.index(r[2]) for r in rows]),
        minutes=np.array([np.nan if r[3] is None else r[3] for r in rows], float),
        weight=np.array([0.0 if r[4] is None else r[4] for r in rows], float),
        base_weight=np.array([0.0 if r[4] is None else r[4] for r in rows], float),
        reference=np.array([0.0 if r[4] is None or r[8] else r[4] for r in rows], float),
        opens=np.array([r[5] for r in rows], np.int64),
        cost=np.array([r[6] or 0.0 for r in rows], float),
        mode=[str(r[7]) for r in rows],
    )
