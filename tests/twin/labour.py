"""Stage 7: separations, vacancies, matching over commuting distance, hires, staff shared out exactly, wages."""

from __future__ import annotations

import math
from collections import defaultdict

from tests.twin.economy import SKILLS, Economy
from tests.twin.firm import clip
from tests.twin.person import OUTSIDE, SEARCHING, Person

Table = list[list[float]]  # by site (Kunming core last) and skill
Flows = list[list[list[int]]]  # hires by home, workplace and skill


def match_labour(economy: Economy) -> None:
    """Separate, post vacancies, match by site and skill, hire, share workers out to firms, move and pay wages."""
    targets = wanted_persons(economy)
    separate(economy, targets)
    vacancies = [max(target - have, 0) for target, have in zip(targets, economy.workers(), strict=True)]
    flows = match(economy, vacancies)
    hire(economy, vacancies, flows)
    share_out(economy, "wanted")
    move_wages(economy)
    pay_workers(economy)


def wanted_persons(economy: Economy) -> list[int]:
    """Return the persons that the firms of each labour cell want, rounded at a mark of the cell that never changes."""
    asked = by_cell(economy, "wanted")
    weight, marks = economy.fixed.person_weight, economy.fixed.cell_mark
    return [math.floor(real / weight + mark) for real, mark in zip(asked, marks, strict=True)]


def by_cell(economy: Economy, attribute: str) -> list[float]:
    """Return real persons by labour cell: `wanted` by firms, or their `staff`."""
    total = [0.0] * economy.fixed.cell_count
    for firm in economy.firms.values():
        for cell, persons in zip(economy.fixed.cell_of[firm.site][firm.sector], getattr(firm, attribute), strict=True):
            total[cell] += persons * firm.weight
    return total


def separate(economy: Economy, targets: list[int]) -> None:
    """Let workers quit (P93); lay off those with the lowest draws where a cell has more than it wants.

    Commuters from Kunming who lose their job go back to Kunming's labour force.
    """
    persons = list(economy.persons.values())
    draws = economy.uniform("talent.separation", [person.id for person in persons])
    staff: dict[int, list[tuple[float, Person]]] = defaultdict(list)
    for person, draw in zip(persons, draws, strict=True):
        if person.quits(draw, economy.fixed.separation):
            economy.separated.add(person.id)
            person.cell = SEARCHING
        elif person.cell >= 0:
            staff[person.cell].append((draw, person))
    for cell, members in staff.items():
        surplus = len(members) - targets[cell]
        if surplus > 0:
            members.sort(key=lambda member: member[0])
            for _, person in members[:surplus]:
                economy.separated.add(person.id)
                person.cell = SEARCHING
    send_commuters_back(economy)


def send_commuters_back(economy: Economy) -> None:
    """Let residents of Kunming without work in the New Area leave it."""
    kunming = economy.fixed.sites
    for person in [each for each in economy.persons.values() if each.home == kunming and each.searching]:
        economy.drop_person(person)
        economy.region.in_kunming += economy.fixed.person_weight


def match(economy: Economy, vacancies: list[int]) -> Flows:
    """Return whole hires by home, workplace and skill.

    Searchers of a home spread over vacancies by the commuting kernel; at a workplace and skill
    hires = min(Q23 U^(1 - Q24) V^Q24, U, V). The last home and the last workplace are Kunming core: it sends the
    searchers of base, and offers the vacancies of base growing with its path; whoever looks there finds work.
    Real flows are rounded along the workplaces of a home at one mark, so that no home sends more than it has.
    """
    sites = economy.fixed.sites
    posts, seekers = posts_and_seekers(economy, vacancies)
    marks = economy.uniform("labour.rounding", list(range((sites + 1) * SKILLS)))
    flows = [[[0] * SKILLS for _ in range(sites + 1)] for _ in range(sites + 1)]
    supply: Table = [[0.0] * SKILLS for _ in range(sites + 1)]
    hires: Table = [[0.0] * SKILLS for _ in range(sites + 1)]
    for skill in range(SKILLS):
        search = spread_searchers(economy.now.commute, posts, seekers, skill)
        for work in range(sites + 1):
            supply[work][skill] = sum(search[home][work] for home in range(sites + 1))
            hires[work][skill] = matches(supply[work][skill], posts[work][skill], work == sites, economy)
        for home in range(sites + 1):
            most = int(seekers[home][skill]) if home < sites else 10**9
            real, before = 0.0, 0
            for work in range(sites + 1):
                if supply[work][skill] > 0.0:
                    real += hires[work][skill] / max(supply[work][skill], 1e-12) * search[home][work]
                reached = min(math.floor(real + marks[home * SKILLS + skill]), most)
                flows[home][work][skill] = reached - before
                before = reached
    record_tightness(economy, posts, supply, hires)
    return flows


def posts_and_seekers(economy: Economy, vacancies: list[int]) -> tuple[Table, Table]:
    """Return vacancies by workplace and skill, and searchers by home and skill, Kunming core last."""
    fixed, now, sites = economy.fixed, economy.now, economy.fixed.sites
    posts: Table = [[0.0] * SKILLS for _ in range(sites + 1)]
    seekers: Table = [[0.0] * SKILLS for _ in range(sites + 1)]
    for cell, count in enumerate(vacancies):
        posts[fixed.cell_site[cell]][fixed.cell_skill[cell]] += count
    for person in economy.persons.values():
        if person.cell == SEARCHING and person.home < sites:
            seekers[person.home][person.skill] += 1
    posts[sites] = [base * fixed.kunming_path[now.quarter] for base in fixed.outside_vacancies]
    seekers[sites] = list(fixed.kunming_searchers)
    return posts, seekers


def spread_searchers(kernel: Table, posts: Table, seekers: Table, skill: int) -> Table:
    """Return searchers of one skill by home and workplace: shares follow kernel x vacancies; Kunming sends outward."""
    last = len(posts) - 1
    search = []
    for home, row in enumerate(kernel):
        pull = [weight * post[skill] for weight, post in zip(row, posts, strict=True)]
        if home == last:
            pull[last] = 0.0
        total = max(sum(pull), 1e-12)
        search.append([seekers[home][skill] * own / total for own in pull])
    return search


def matches(supply: float, posts: float, in_kunming: bool, economy: Economy) -> float:
    """Return hires at one workplace and skill: min(Q23 U^(1 - Q24) V^Q24, U, V); all of U in Kunming."""
    if in_kunming:
        return supply
    p = economy.fixed.p
    return min(p.m_eff * supply ** (1.0 - p.m_el) * posts**p.m_el, supply, posts)


def record_tightness(economy: Economy, posts: Table, supply: Table, hires: Table) -> None:
    """Note vacancies, searchers, hires (real persons) and tightness by commuting area and skill."""
    pools, fixed = economy.pools, economy.fixed
    rows, weight = len(pools.wage), fixed.person_weight
    for name, table in (("vacancies", posts), ("searchers", supply), ("hires", hires)):
        total = [0.0] * rows
        for site in range(fixed.sites):
            for skill in range(SKILLS):
                total[fixed.area[site] * SKILLS + skill] += table[site][skill]
        setattr(pools, name, [value * weight for value in total])
    pools.tightness = [(v + 50.0) / (u + 50.0) for v, u in zip(pools.vacancies, pools.searchers, strict=True)]


def hire(economy: Economy, vacancies: list[int], flows: Flows) -> None:
    """Move matched persons into jobs.

    Of a home and skill the lowest draws go first, to the workplaces in order; Kunming's searchers appear as persons,
    as many as were matched. At a workplace the lowest draws get the first vacancies.
    """
    sites = economy.fixed.sites
    call_commuters(economy, flows[sites])
    persons = list(economy.persons.values())
    draws = economy.uniform("talent.hiring", [person.id for person in persons])
    looking: dict[tuple[int, int], list[tuple[float, Person]]] = defaultdict(list)
    for person, draw in zip(persons, draws, strict=True):
        if person.cell == SEARCHING:
            looking[person.home, person.skill].append((draw, person))
    arriving: dict[tuple[int, int], list[tuple[float, Person]]] = defaultdict(list)
    for (home, skill), queue in looking.items():
        queue.sort(key=lambda member: member[0])
        first = 0
        for work in range(sites + 1):
            count = flows[home][work][skill]
            arriving[work, skill] += queue[first : first + count]
            first += count
    for (work, skill), people in arriving.items():
        if work == sites:
            for _, person in people:
                person.cell = economy.hired[person.id] = OUTSIDE
        else:
            seat(economy, people, vacancies_in_order(economy, vacancies, work, skill))
    send_commuters_back(economy)


def call_commuters(economy: Economy, flows: list[list[int]]) -> None:
    """Let residents of Kunming join the search of the quarter; flows: by workplace and skill."""
    kunming = economy.fixed.sites
    for skill in range(SKILLS):
        count = sum(flows[work][skill] for work in range(kunming + 1))
        for ident in economy.next_of_pool("commuter", skill, count):
            economy.add_person(ident, skill=skill, home=kunming, cell=SEARCHING, origin=1)
        economy.region.in_kunming -= count * economy.fixed.person_weight


def vacancies_in_order(economy: Economy, vacancies: list[int], work: int, skill: int) -> list[int]:
    """Return the labour cell of every vacancy at a workplace and skill, interleaved so that cells fill in proportion.

    The k-th of n vacancies of a cell stands at (k + mark of the cell) / n.
    """
    places = []
    for cell in economy.fixed.cells_at[work][skill]:
        count = vacancies[cell]
        places += [((k + economy.fixed.cell_mark[cell]) / count, cell) for k in range(count)]
    return [cell for _, cell in sorted(places)]


def seat(economy: Economy, people: list[tuple[float, Person]], cells: list[int]) -> None:
    """Give persons, lowest draw first, the vacancies in their order; who finds none keeps searching."""
    people.sort(key=lambda member: member[0])
    for (_, person), cell in zip(people, cells, strict=False):
        person.cell = economy.hired[person.id] = cell


def share_out(economy: Economy, attribute: str) -> None:
    """Share the persons of each labour cell out to its firms by `wanted` or by present `staff`: exact per cell."""
    weight, pairs = economy.fixed.person_weight, zip(economy.workers(), by_cell(economy, attribute), strict=True)
    ratio = [have * weight / asked if asked > 0.0 else 0.0 for have, asked in pairs]
    for firm in economy.firms.values():
        cells = economy.fixed.cell_of[firm.site][firm.sector]
        firm.staff = [part * ratio[cell] for part, cell in zip(getattr(firm, attribute), cells, strict=True)]


def move_wages(economy: Economy) -> None:
    """Let wages of a pool grow by learned productivity growth plus Q21 x ln(tightness / normal), the gap within one.

    Normal is the tightness of the first quarter.
    """
    pools, region = economy.pools, economy.region
    if economy.now.quarter == 1:
        pools.normal_tightness = list(pools.tightness)
    for row, (tightness, normal) in enumerate(zip(pools.tightness, pools.normal_tightness, strict=True)):
        gap = clip(math.log(tightness / normal), -1.0, 1.0)
        pools.wage[row] *= math.exp(region.wage_drift + economy.fixed.p.psi_w * gap)


def pay_workers(economy: Economy) -> None:
    """Set the wage of every worker to what the firms of the labour cell pay per head."""
    fixed, table = economy.fixed, economy.wage_table()
    bill = [0.0] * fixed.cell_count
    for firm in economy.firms.values():
        wages, cells = table[firm.site][firm.sector], fixed.cell_of[firm.site][firm.sector]
        for persons, wage, cell in zip(firm.staff, wages, cells, strict=True):
            bill[cell] += persons * wage * firm.weight
    heads = [count * fixed.person_weight for count in economy.workers()]
    wage = [total / have if have > 0 else 0.0 for total, have in zip(bill, heads, strict=True)]
    paid = 0.0
    for person in economy.persons.values():
        if person.cell >= 0:
            person.wage = wage[person.cell]
            paid += person.wage
    economy.region.wage_bill = paid * fixed.person_weight
