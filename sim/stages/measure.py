"""Stage 14: indicators of the quarter, and the identities that must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.firm import weighted, weighted_mean
from agents.talent import SEARCHING
from sim.calibration import tables
from sim.location import inclusive, site_values
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel


@stage(
    reads=(
        "firms.building firms.capital firms.high_tech firms.productivity firms.rd_spending firms.sales "
        "firms.sector firms.site firms.source firms.staff firms.value_added firms.weight "
        "government.arrears government.bond_debt government.cash government.implementation "
        "government.rationed government.revenue government.spending homes.amenity homes.house_price "
        "homes.residents parks.discount parks.effort parks.operator parks.public_capital parks.serviced "
        "pools.vacancies pools.wage region.displaced_sales region.energy_use region.investment_recorded "
        "region.kunming_won region.yunnan_won talent.cell talent.home talent.wage"
    ),
    writes="",
)
def measure(model: RegionModel) -> None:
    """Record every indicator of the quarter."""
    now = {**output_indicators(model), **people_indicators(model), **public_indicators(model)}
    model.now = {name: float(value) for name, value in now.items()}
    for name, value in model.now.items():
        model.record[name][model.quarter] = value
    model.last_output = model.now["gdp"]
    offered = inclusive(site_values(model), model.p.lam_nest) - model.base_inclusive
    model.attractiveness = model.p.nest_response * offered.mean(axis=1)  # of the New Area for a firm, by sector
    model.mean_wage = model.now["mean_wage"] / 4.0 / 1e6
    model.productivity_gain = max(model.now["gdp"] / max(model.now["employment"], 1.0) / model.start_productivity, 0.2)
    model.datacollector.collect(model)


def output_indicators(model: RegionModel) -> dict[str, float]:
    """Return production, investment, firms and recruitment; flows per quarter, million yuan at 2020 prices unless
    said.
    """
    firms, frame, facts, region = model.firms, model.frame, model.facts, model.region
    producing, hightech_firm = firms.producing, firms.high_tech == 1
    sales, working = firms.sales * firms.weight, firms.weight * producing
    gdp_current = weighted(firms.value_added, firms)
    gdp = float(sales.sum())
    industry = float((sales * frame.industrial[firms.sector]).sum())
    hightech = float(sales[hightech_firm].sum()) * model.hightech_scale
    staff = np.maximum(firms.employment * firms.weight, 1e-12)
    ratio = np.where(producing, firms.productivity / np.maximum(firms.local(frame.cell_tfp), 1e-12), 0.0)
    fai = float(region.investment_recorded[0])
    sharing = model.terms.statistical_sharing.total * facts["joint_output"] / max(gdp, 1e-9)
    facts["joint_output"] = float(sales[(firms.source == 0) & producing].sum())
    booked = gdp * (1.0 - sharing) * (1.0 + model.p.reporting_bias * model.terms.reporting_weight.total)
    return {
        "gdp": gdp,
        "gdp_current": gdp_current,
        "booked_gdp": booked,
        "fai": fai,
        "fai_nominal": fai * model.paths.fai_price[model.quarter],
        "industrial_value_added": industry,
        "hightech_value_added": hightech,
        "firms": float(working.sum()),
        "births": facts["births"],
        "deaths": facts["deaths"],
        "moved_in": facts["moved_in"],
        "moved_out": facts["moved_out"],
        "projects_admitted": facts["signed"],
        "projects_refused": facts["refused"],
        "projects_started": facts["started"],
        "land_admitted": facts["land_admitted"],
        "investment_admitted": facts["investment_admitted"],
        "refused_threshold": facts["refused_threshold"],
        "refused_two_high": facts["refused_two_high"],
        "refused_energy": facts["refused_energy"],
        "refused_land": facts["refused_land"],
        "capital": weighted(firms.capital, firms),
        "mean_tfp": weighted_mean(ratio, staff * producing + 1e-12) if firms.n else 0.0,
        "energy_use": float(region.energy_use[0]),
        "rd_spending": weighted(firms.rd_spending, firms),
        "hightech_firms": float(working[hightech_firm].sum()),
        "price_level": gdp_current / max(gdp, 1e-9),
    }


def people_indicators(model: RegionModel) -> dict[str, float]:
    """Return employment (persons), population (persons), wages (yuan a year), unemployment (share), house price
    (index).
    """
    talent, weight, p = model.talent, model.frame.person_weight, model.p
    sites = len(model.frame.sites)
    working = talent.cell >= 0
    resident = talent.home < sites
    searching = float(((talent.cell == SEARCHING) & resident).sum())
    residents = np.maximum(model.homes.residents[:-1], 1e-9)
    return {
        "employment": working.sum() * weight,
        "population": resident.sum() * weight * p.persons_per_worker,
        "mean_wage": float(talent.wage[working].mean()) * 4e6 if working.any() else 0.0,
        "unemployment_rate": searching / max(float(resident.sum()), 1.0),
        "commuters_in": float((working & ~resident).sum()) * weight,
        "commuters_out": float((talent.cell == -2).sum()) * weight,
        "house_price": weighted_mean(model.homes.house_price[:-1], residents),
        "vacancies": float(model.pools.vacancies.sum()),
    }


def public_indicators(model: RegionModel) -> dict[str, float]:
    """Return public capital, budget (million yuan per quarter), debt (stock) and the output of Kunming, Yunnan and
    the province.
    """
    government, region, p, paths, t = model.government, model.region, model.p, model.paths, model.quarter
    gdp = weighted(model.firms.sales, model.firms)
    figures = tables.province()
    inside = tables.parameters()["N01"].value
    kunming = figures["kunming_gdp", 2020].value
    base_kunming = (kunming - inside) * model.flow
    base_rest = (figures["yunnan_gdp", 2020].value - kunming) * model.flow
    layer = model.terms.layer_planning.total - model.policy.table["I17a"].baseline
    lost = p.own_prov * (1.0 - p.planning_displacement * layer) * float(region.displaced_sales[0])
    kunming_gdp = base_kunming * paths.kunming[t] + float(region.kunming_won[0]) - p.kunming_of_yunnan * lost
    rest = base_rest * paths.province[t] + float(region.yunnan_won[0]) - (1.0 - p.kunming_of_yunnan) * lost
    return {
        "public_capital": float(model.parks.public_capital.sum()),
        "budget_revenue": float(government.revenue[0]),
        "budget_spending": float(government.spending[0]),
        "budget_rationed": float(government.rationed[0]),
        "budget_cash": float(government.cash[0]),
        "debt": float(government.bond_debt[0]),
        "arrears": float(government.arrears[0]),
        "implementation": float(government.implementation[0]),
        "kunming_gdp": kunming_gdp,
        "rest_of_yunnan_gdp": rest,
        "province_gdp": gdp + kunming_gdp + rest,
        "serviced_land": float(model.parks.serviced.sum()),
        "land_discount": float(model.parks.discount.mean()),
        "kunming_minutes": model.network.kunming_minutes,
    }


INDICATORS: dict[str, tuple[str, str, str]] = {
    "gdp": ("million yuan per quarter, 2020 prices", "地区生产总值", "Gross domestic product"),
    "gdp_current": (
        "million yuan per quarter, model prices",
        "地区生产总值（现价）",
        "Gross domestic product at model prices",
    ),
    "booked_gdp": ("million yuan per quarter, 2020 prices", "入统生产总值", "Booked gross domestic product"),
    "fai": ("million yuan per quarter, 2020 prices", "固定资产投资", "Fixed-asset investment"),
    "fai_nominal": (
        "million yuan per quarter, investment prices",
        "固定资产投资（现价）",
        "Fixed-asset investment, nominal",
    ),
    "industrial_value_added": ("million yuan per quarter, 2020 prices", "工业增加值", "Industrial value added"),
    "hightech_value_added": (
        "million yuan per quarter, 2020 prices",
        "高新技术企业增加值",
        "Value added of certified high-tech firms",
    ),
    "firms": ("firms", "企业数", "Producing firms"),
    "births": ("firms per quarter", "新设企业", "Firms founded"),
    "deaths": ("firms per quarter", "退出企业", "Firms that failed"),
    "moved_in": ("firms per quarter", "迁入企业", "Firms that moved in"),
    "moved_out": ("firms per quarter", "迁出企业", "Firms that moved out"),
    "projects_admitted": ("projects per quarter", "准入项目", "Industrial projects admitted"),
    "projects_refused": ("projects per quarter", "未准入项目", "Industrial projects refused"),
    "projects_started": ("projects per quarter", "开工项目", "Industrial projects started"),
    "land_admitted": ("km2 per quarter", "准入项目用地", "Land of admitted projects"),
    "investment_admitted": ("million yuan per quarter", "准入项目投资", "Investment of admitted projects"),
    "refused_threshold": ("projects per quarter", "因投资强度未准入", "Refused by the intensity threshold"),
    "refused_two_high": ("projects per quarter", "因两高未准入", "Refused as energy-hungry or polluting"),
    "refused_energy": ("projects per quarter", "因能耗未准入", "Refused by the energy quota"),
    "refused_land": ("projects per quarter", "因用地未准入", "Refused for lack of serviced land"),
    "capital": ("million yuan", "企业资本", "Capital of firms"),
    "mean_tfp": ("index, 2020 = 1", "全要素生产率", "Total factor productivity against 2020"),
    "energy_use": ("tonnes of coal equivalent per quarter", "能源消费", "Energy use of firms"),
    "rd_spending": ("million yuan per quarter", "研发支出", "Research and development"),
    "hightech_firms": ("firms", "高新技术企业", "Certified high-tech firms"),
    "price_level": ("index, 2020 = 1", "价格水平", "Price of value added"),
    "employment": ("persons", "就业", "Employment"),
    "population": ("persons", "常住人口", "Resident population"),
    "mean_wage": ("yuan per year", "平均工资", "Mean wage"),
    "unemployment_rate": ("share", "失业率", "Unemployment rate"),
    "commuters_in": ("persons", "昆明来区通勤", "Commuters from Kunming"),
    "commuters_out": ("persons", "赴昆明通勤", "Commuters to Kunming"),
    "house_price": ("index, 2020 = 1", "住房价格", "House price"),
    "vacancies": ("persons", "空缺岗位", "Vacancies"),
    "public_capital": ("million yuan", "公共资本", "Public capital"),
    "budget_revenue": ("million yuan per quarter", "财政收入", "Budget revenue"),
    "budget_spending": ("million yuan per quarter", "财政支出", "Budget spending"),
    "budget_rationed": ("million yuan per quarter", "因财力削减的支持", "Support cut for lack of cash"),
    "budget_cash": ("million yuan", "财政结余", "Cash of the budget"),
    "debt": ("million yuan", "专项债余额", "Special bonds outstanding"),
    "arrears": ("million yuan", "欠付支持", "Support in arrears"),
    "implementation": ("share", "政策到位率", "Implementation"),
    "kunming_gdp": (
        "million yuan per quarter, 2020 prices",
        "昆明（新区外）生产总值",
        "GDP of Kunming outside the New Area",
    ),
    "rest_of_yunnan_gdp": (
        "million yuan per quarter, 2020 prices",
        "云南其他地区生产总值",
        "GDP of the rest of Yunnan",
    ),
    "province_gdp": ("million yuan per quarter, 2020 prices", "全省生产总值", "GDP of the province"),
    "serviced_land": ("km2", "可供熟地", "Serviced industrial land on offer"),
    "land_discount": ("share", "园区地价折让", "Mean price discount of parks"),
    "kunming_minutes": ("minutes", "至昆明主城时间", "Travel time to Kunming core"),
}
