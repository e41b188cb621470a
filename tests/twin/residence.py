"""Stage 8: house prices and amenity; persons reconsider home and region; people come and leave."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate

from tests.twin.economy import SKILLS, Economy
from tests.twin.firm import clip
from tests.twin.labour import pay_workers, share_out
from tests.twin.person import OUTSIDE, SEARCHING

YUNNAN, CHINA = 2, 3  # origins: rest of Yunnan, rest of China


def choose_residence(economy: Economy) -> None:
    """Move house prices and amenity, let persons move home, leave and arrive, set staff again, count residents."""
    move_prices(economy)
    move_amenity(economy)
    move_home(economy)
    pull = pull_factor(economy)
    leave(economy, pull)
    arrive(economy, pull)
    share_out(economy, "staff")  # who has left works here no more
    pay_workers(economy)
    count = [0] * (economy.fixed.sites + 1)
    for person in economy.persons.values():
        count[person.home] += 1
    economy.homes.residents = [persons * economy.fixed.person_weight for persons in count]


def move_prices(economy: Economy) -> None:
    """Move the log house price of every site by Q71 towards its norm, plus P89 x N86 x crowding.

    The norm falls by (1/P90) ln of worker housing (I11c against its baseline) and by N87/P90 ln of residential land.
    Crowding is ln of residents against base, less natural growth Q62.
    """
    homes, now, p = economy.homes, economy.now, economy.fixed.p
    norm = -math.log(now.housing_ratio / economy.fixed.baseline["I11c"]) / p.hs_el
    norm -= p.residential_supply * math.log(max(now.residential_pace, 1e-2)) / p.hs_el
    natural = math.log1p(p.g_LF / 100.0) * now.quarter / 4.0
    for site in range(economy.fixed.sites):
        crowding = math.log(max(homes.residents[site], 1.0) / homes.base_residents[site]) - natural
        target = norm + p.pop_hp * crowding * p.crowding_pass
        price = math.log(homes.house_price[site])
        homes.house_price[site] = math.exp(price + p.hp_pull * (target - price))


def doublings(ratio: float) -> float:
    """Return how often a quantity has doubled against its base, at least minus three."""
    return math.log2(max(ratio, 0.125))


def move_amenity(economy: Economy) -> None:
    """Move amenity by N94 towards what schools (N91), green (N92) and services within reach (N93) make of it."""
    homes, now, p, base = economy.homes, economy.now, economy.fixed.p, economy.fixed.baseline
    schools = doublings(now.school_investment / base["I11e"])
    green = doublings(now.garden_investment / base["I11g"])
    works = doublings(now.environment_investment / base["I17e"])
    kept = doublings(now.green_share / (base["I10d"] / 100.0))
    for home, (reach, start) in enumerate(zip(now.services, economy.fixed.base_services, strict=True)):
        wanted = p.school_amenity * schools + p.green_amenity * (green + works + kept)
        wanted += p.service_amenity * math.log2(reach / start)
        homes.amenity[home] += p.amenity_speed * (wanted - homes.amenity[home])


def home_values(economy: Economy) -> list[list[float]]:
    """Return exp(utility) of each site as a home, by workplace (sites, Kunming core, none).

    Utility: ln of base residents (size of the place) + P88 ln house price + amenity + ln of the commuting kernel.
    """
    homes, p, sites = economy.homes, economy.fixed.p, economy.fixed.sites
    place = [
        math.log(homes.base_residents[site]) + p.hp_inflow * math.log(homes.house_price[site]) + homes.amenity[site]
        for site in range(sites)
    ]
    values = []
    for work in range(sites + 1):
        commute = [economy.now.commute[home][work] for home in range(sites)]
        values.append([math.exp(own + math.log(weight)) for own, weight in zip(place, commute, strict=True)])
    values.append([math.exp(own) for own in place])
    return values


def move_home(economy: Economy) -> None:
    """Let a share N95 of residents reconsider; each takes the home that wins the race of its class of tastes."""
    fixed, p, sites = economy.fixed, economy.fixed.p, economy.fixed.sites
    values, tastes = home_values(economy), fixed.home_tastes
    persons = list(economy.persons.values())
    draws = economy.uniform("talent.reconsider", [person.id for person in persons])
    for person, draw in zip(persons, draws, strict=True):
        if person.home < sites and person.reconsiders_home(draw, fixed.reconsider, p.owner_mobility):
            work = fixed.cell_site[person.cell] if person.cell >= 0 else sites if person.cell == OUTSIDE else sites + 1
            person.home = person.best_home(tastes[person.id % len(tastes)], values[work])


def pull_factor(economy: Economy) -> list[float]:
    """Return the log change of gross inflow by skill against base.

    P81 ln(wage against outside Q20) + N100 ln(tightness / normal) + P88 ln house price + amenity + Q61 x (fall of the
    hukou barrier I14a); sites weigh by residents.
    """
    fixed, now, p, homes, pools = economy.fixed, economy.now, economy.fixed.p, economy.homes, economy.pools
    outside = (1.0 + p.w_out) ** (now.quarter / 4.0)
    residents = homes.residents[: fixed.sites]
    total = max(sum(residents), 1e-9)
    weight = [persons / total for persons in residents]
    price = sum(w * math.log(homes.house_price[site]) for site, w in enumerate(weight))
    amenity = sum(w * homes.amenity[site] for site, w in enumerate(weight))
    barrier = fixed.baseline["I14a"] - now.hukou_barrier
    pull = []
    for skill in range(SKILLS):
        wage = jobs = 0.0
        for site, w in enumerate(weight):
            row = fixed.area[site] * SKILLS + skill
            wage += w * math.log(pools.wage[row] / outside)
            jobs += w * clip(math.log(pools.tightness[row] / pools.normal_tightness[row]), -1.0, 1.0)
        pull.append(p.kappa_q * wage + p.job_pull * jobs + p.hp_inflow * price + amenity + p.hukou_fx * barrier)
    return pull


def leave(economy: Economy, pull: list[float]) -> None:
    """Let residents leave at Q60 x ties (N96 to N98) / mean ties x exp(-pull); N99 of them to other provinces."""
    fixed, p, region = economy.fixed, economy.fixed.p, economy.region
    push = [fixed.migration / fixed.mean_ties * math.exp(-value) for value in pull]
    persons = list(economy.persons.values())
    draws = economy.uniform("talent.leave", [person.id for person in persons])
    going = []
    for person, draw in zip(persons, draws, strict=True):
        if person.home < fixed.sites:
            rate = push[person.skill] * person.mobility(p.owner_mobility, p.hukou_mobility, p.searcher_mobility)
            if draw < rate:
                going.append(person)
    for person, draw in zip(
        going, economy.for_life("talent.destination", [person.id for person in going]), strict=True
    ):
        if draw < p.far_share:
            region.in_china += fixed.person_weight
        else:
            region.in_yunnan += fixed.person_weight
        economy.drop_person(person)


def arrive(economy: Economy, pull: list[float]) -> None:
    """Take in newcomers at Q60 x exp(pull) by skill, N99 from other provinces, and the young (Q62); they search."""
    fixed, p, region, quarter = economy.fixed, economy.fixed.p, economy.region, economy.now.quarter
    growth = 1.0 + p.g_LF / 100.0
    young = fixed.base_labour_force * (growth ** (quarter / 4.0) - growth ** ((quarter - 1) / 4.0))
    gross = fixed.base_labour_force * fixed.migration
    newcomers: list[tuple[int, int, int]] = []  # id, skill, origin
    for skill, share in enumerate(fixed.skill_share):
        come = gross * share * math.exp(pull[skill])
        near = economy.whole(f"arrive.{YUNNAN}.{skill}", come * (1.0 - p.far_share))
        far = economy.whole(f"arrive.{CHINA}.{skill}", come * p.far_share)
        born = economy.whole(f"young.{skill}", young * share)
        newcomers += [(ident, skill, YUNNAN) for ident in economy.next_of_pool("newcomer", skill, near)]
        newcomers += [(ident, skill, CHINA) for ident in economy.next_of_pool("far newcomer", skill, far)]
        newcomers += [(ident, skill, 0) for ident in economy.next_of_pool("young", skill, born)]
        region.in_yunnan -= near * fixed.person_weight
        region.in_china -= far * fixed.person_weight
        region.natural_growth += born * fixed.person_weight
    settle(economy, newcomers)


def settle(economy: Economy, newcomers: list[tuple[int, int, int]]) -> None:
    """Give newcomers (id, skill, origin) a home by the value of homes without work, a usual wage, and registration.

    Registration: who is born here, and a share 1 - I14a of the others.
    """
    fixed, now = economy.fixed, economy.now
    economy.facts["new_residents"] = len(newcomers) * fixed.person_weight
    values = home_values(economy)[-1]
    total = sum(values)
    edges = list(accumulate(value / total for value in values))
    ids = [ident for ident, _, _ in newcomers]
    first_home = economy.for_life("talent.first_home", ids)
    registered = economy.for_life("talent.hukou", ids)
    mean = sum(fixed.efficiency) / SKILLS
    for (ident, skill, origin), place, mark in zip(newcomers, first_home, registered, strict=True):
        economy.add_person(
            ident,
            skill=skill,
            home=min(bisect_left(edges, place), fixed.sites - 1),
            cell=SEARCHING,
            origin=origin,
            hukou=int(origin == 0 or mark < 1.0 - now.hukou_barrier),
            wage=now.mean_wage * fixed.efficiency[skill] / mean,
        )
