"""The tables: they load, add up, cite their publishers, and refuse whatever their schema does not allow."""

from __future__ import annotations

import csv
import dataclasses
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.calibration import tables
from sim.calibration.checks import PUBLISHER_HOSTS, TableError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "sim" / "calibration"
FILES = sorted(path.name for path in FOLDER.glob("*.csv"))


def lines_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def write(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(lines)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of every table, to be spoilt."""
    for name in FILES:
        shutil.copy(FOLDER / name, tmp_path / name)
    return tmp_path


def change(folder: Path, file: str, line: int, column: str, value: str) -> None:
    lines = lines_of(folder / file)
    lines[line - 1][lines[0].index(column)] = value
    write(folder / file, lines)


def line_where(file: str, **cells: str) -> int:
    lines = lines_of(FOLDER / file)
    for number, line in enumerate(lines[1:], 2):
        row = dict(zip(lines[0], line, strict=True))
        if all(row[column] == value for column, value in cells.items()):
            return number
    raise AssertionError(f"{file} has no row with {cells}")


# --- what the tables say -----------------------------------------------------------------------------------------


def test_every_table_loads_and_agrees_with_the_others():
    tables.check_all()


def test_the_base_adds_up_to_the_working_totals():
    cells, sectors = tables.base_cells(), tables.sectors()
    assert sum(cell.value_added for cell in cells) == pytest.approx(89_500)
    assert sum(cell.value_added for cell in cells if sectors[cell.sector].industrial) == pytest.approx(29_000)
    assert sum(cell.employment for cell in cells) == 560_000
    assert sum(cell.capital for cell in cells) == pytest.approx(121_998)
    assert sum(cell.n_firms for cell in cells) == pytest.approx(60_000, abs=10)
    assert {cell.site for cell in cells} == {site.id for site in tables.sites().values() if site.role == "new_area"}
    assert {cell.sector for cell in cells} == set(sectors)


def test_totals_of_the_province_table_are_those_of_the_base():
    for variable, total in [("gdp", 89_500), ("industrial_value_added", 29_000), ("employment", 560_000)]:
        assert tables.province_figure(f"new_area_{variable}").value == total
    chained = tables.province_figure("yunnan_fai", 2017).value
    for year in (2018, 2019, 2020):
        chained *= 1.0 + tables.province_figure("yunnan_fai_growth", year).value / 100.0
    assert tables.province_figure("yunnan_fai").value == pytest.approx(chained, abs=1)


def test_output_of_kunming_is_counted_once():
    outside = sum(site.market_output or 0.0 for site in tables.sites().values() if site.role == "kunming")
    assert outside + 89_500 == tables.province_figure("kunming_gdp").value


def test_capital_share_follows_its_formula_except_in_farming():
    for sector in tables.sectors().values():
        gap = abs(sector.capital_share - sector.closing_capital_share)
        assert gap <= (0.041 if sector.id == "farming" else 0.0051), sector.id


def test_land_in_use_leaves_ten_yearly_issues_below_the_cap():
    levers = tables.levers()
    used = sum(park.developed_area for park in tables.parks().values() if park.kind != "rival")
    assert used + 10 * levers["I13a"].baseline == pytest.approx(levers["I10b"].baseline)


def test_levers_follow_the_text():
    levers = tables.levers()
    stated = {"I02a": 150, "I06a": 10, "I06b": 5, "I06c": 1, "I06g": 24, "I09g": 5, "I09h": 2, "I18b": 500, "I18c": 200}
    assert {id: levers[id].policy_value for id in stated} == stated
    assert {lever.id for lever in levers.values() if lever.evidence == "figure"} == {*stated, "I18a", "I22b"}
    assert all(lever.as_written == lever.suggested for lever in levers.values())
    assert all(lever.baseline != lever.suggested for lever in levers.values() if lever.id != "I05e")
    assert {lever.direction for lever in levers.values()} == {"supports", "restricts"}
    exact = {"I06a", "I06b", "I06c", "I09g", "I09h", "I18a", "I18b", "I18c"}
    assert {id for id in levers if levers[id].effect == "exact"} == exact


def test_the_background_of_a_lever_is_not_the_baseline():
    levers = tables.levers()
    for lever in levers.values():
        for id, value in lever.needs:
            assert value != levers[id].baseline, f"{lever.id} needs {id} at its baseline, which is no need"


def test_the_secondary_sector_grew_as_published_on_average():
    product = 1.0
    for year, rate in tables.path_series("observed", "province_secondary_growth").items():
        product *= 1.0 + rate / 100.0 if year <= 2025 else 1.0
    assert 100.0 * (product ** (1 / 5) - 1.0) == pytest.approx(3.2, abs=0.01)


def test_the_path_seen_in_2020_knows_no_later_year():
    for value in tables.paths().values():
        if value.path == "as_seen_in_2020":
            years = [int(year) for year in re.findall(r"\b20\d\d\b", value.source.replace("after 2025", ""))]
            assert all(year <= 2020 for year in years), value


def test_levers_and_parameters_share_one_name_space():
    names = [row.name for row in (*tables.levers().values(), *tables.parameters().values())]
    assert len(names) == len(set(names))
    assert all(row.symbol.isidentifier() for row in tables.parameters().values())


def test_every_record_can_travel_to_another_process():
    lever = tables.levers()["I09g"]
    assert pickle.loads(pickle.dumps(lever)) == lever
    with pytest.raises(dataclasses.FrozenInstanceError):
        lever.low = 0.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        tables.levers()["I99z"] = lever  # type: ignore[index]


@pytest.mark.parametrize("file", FILES)
def test_a_table_is_plain(file):
    content = (FOLDER / file).read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf"), "byte-order mark"
    assert b"\r" not in content, "carriage return"
    assert content.endswith(b"\n")
    assert content.isascii() or "zh" in content.decode("utf-8").split("\n", 1)[0], "Chinese outside the title columns"


@pytest.mark.parametrize("file", FILES)
def test_addresses_are_the_publishers_own(file):
    for host in re.findall(r"//([^/\s,;\"]+)", (FOLDER / file).read_text("utf-8")):
        assert any(host == own or host.endswith("." + own) for own in PUBLISHER_HOSTS), host


@pytest.mark.parametrize("file", FILES)
def test_no_table_points_outside_the_project(file):
    text = (FOLDER / file).read_text("utf-8")
    for word in (r"\.md\b", r"\bCNY\b", r"series\.csv", r"instruments\.csv", r"\bprototype\b"):
        assert not re.search(word, text), f"{file} mentions {word}"


def test_the_start_opens_no_row_after_2020_but_the_declared_ones():
    opened = {("province.csv", figure.variable, figure.year) for figure in tables.province().values()}
    opened |= {("parks.csv", park.id, park.year) for park in tables.parks().values()}
    assert {row for row in opened if row[2] > 2020} == tables.DECLARED_AFTER_2020


def test_the_digest_sees_every_byte(copy):
    before = tables.data_digest(copy)
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    assert before == tables.data_digest()
    other = copy / "other"
    other.mkdir()
    for name in FILES:
        shutil.copy(copy / name, other / name)
    change(other, "levers.csv", 2, "notes", "another note")
    assert tables.data_digest(other) != before


def test_importing_the_loader_is_cheap():
    code = "import sys, sim.calibration.tables; print('numpy' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- what the tables refuse --------------------------------------------------------------------------------------

Load = Callable[[Path], Any]
ANYWHERE = {"parameters.csv": tables.parameters, "levers.csv": tables.levers, "sectors.csv": tables.sectors}
ANYWHERE |= {"base2020.csv": tables.base_cells, "sites.csv": tables.sites, "links.csv": tables.links}
ANYWHERE |= {"parks.csv": tables.parks, "paths.csv": tables.paths, "province.csv": tables.province}
ANYWHERE |= {"targets.csv": tables.targets, "linkages.csv": tables.linkages}

CELLS = [  # file, row, column, what is put there, a piece of what the message says is allowed
    ("parameters.csv", {"id": "P01"}, "value", "0.5", "inside the row's own range, 0.02 to 0.12"),
    ("parameters.csv", {"id": "P01"}, "low", "0.06", "inside the row's own range"),
    ("parameters.csv", {"id": "P01"}, "value", "", "may not be empty"),
    ("parameters.csv", {"id": "P01"}, "value", "0,05", "a dot as decimal sign"),
    ("parameters.csv", {"id": "P01"}, "value", "nan", "a dot as decimal sign"),
    ("parameters.csv", {"id": "P01"}, "unit", "elasticty", "did you mean 'elasticity'"),
    ("parameters.csv", {"id": "P01"}, "role", "sampled", "check, fixed, uncertain"),
    ("parameters.csv", {"id": "P01"}, "distribution", "fixed", "triangular"),
    ("parameters.csv", {"id": "P01"}, "confidence", "certain", "high, low, medium"),
    ("parameters.csv", {"id": "P01"}, "symbol", "eps-dens", "a Python identifier"),
    ("parameters.csv", {"id": "P01"}, "symbol", "eps_loc", "not yet on line"),
    ("parameters.csv", {"id": "P01"}, "name", "production.density", "production.eps_dens"),
    ("parameters.csv", {"id": "P01"}, "name", "agglomeration.eps_dens", "a block out of"),
    ("parameters.csv", {"id": "P02"}, "id", "P01", "not yet on line"),
    ("parameters.csv", {"id": "P01"}, "id", "N001X", "digits"),
    ("parameters.csv", {"id": "P01"}, "title_zh", " 弹性", "without blanks at its ends"),
    ("parameters.csv", {"id": "P01"}, "source", "http://mirror.example/page", "addresses only at"),
    ("parameters.csv", {"id": "P01"}, "source", "https://kunming.cn.example.org/a", "addresses only at"),
    ("levers.csv", {"id": "I13a"}, "suggested", "16", "from 0 to 15"),
    ("levers.csv", {"id": "I13a"}, "baseline", "-1", "from 0 to 15"),
    ("levers.csv", {"id": "I13a"}, "policy_value", "5", "empty exactly where evidence is direction"),
    ("levers.csv", {"id": "I18b"}, "policy_value", "", "empty exactly where evidence is direction"),
    ("levers.csv", {"id": "I13a"}, "article", "12", "13"),
    ("levers.csv", {"id": "I13a"}, "article", "13.5", "a whole number"),
    ("levers.csv", {"id": "I13a"}, "subject", "soil", "land"),
    ("levers.csv", {"id": "I13a"}, "name", "fiscal.annual_quota", "land.<words"),
    ("levers.csv", {"id": "I13a"}, "kind", "switch", "amount, rule"),
    ("levers.csv", {"id": "I13a"}, "payer", "state", "new_area"),
    ("levers.csv", {"id": "I13a"}, "effect", "full", "exact, implemented"),
    ("levers.csv", {"id": "I13a"}, "direction", "helps", "restricts, supports"),
    ("levers.csv", {"id": "I13a"}, "evidence", "guess", "absolute wording, direction, figure"),
    ("levers.csv", {"id": "I09g"}, "needs", "I99z=1", "ids of other levers"),
    ("levers.csv", {"id": "I09g"}, "needs", "I09h", "ids of other levers"),
    ("levers.csv", {"id": "I09g"}, "needs", "I09h=nan", "inside the row's own range"),
    ("levers.csv", {"id": "I09g"}, "needs", "I09h=21", "0 to 20"),
    ("levers.csv", {"id": "I13a"}, "mechanism", "as I04h", "not a lever of this release"),
    ("levers.csv", {"id": "I13a"}, "cost_formula", "", "may not be empty"),
    ("sectors.csv", {"id": "farming"}, "skill_high", "0.01", "skill_high = 1"),
    ("sectors.csv", {"id": "farming"}, "demand_exports", "0.2", "demand_exports = 1"),
    ("sectors.csv", {"id": "farming"}, "industrial", "yes", "0, 1"),
    ("sectors.csv", {"id": "farming"}, "labour_share", "1.2", "from 0 to 1"),
    ("base2020.csv", {"site": "songming"}, "site", "guandu", "songming"),
    ("base2020.csv", {"site": "songming"}, "sector", "mining", "farming"),
    ("base2020.csv", {"site": "songming"}, "employment", "495.5", "a whole number"),
    ("sites.csv", {"id": "taiping"}, "lon", "", "may not be empty"),
    ("sites.csv", {"id": "taiping"}, "lat", "102.5", "from 20 to 35"),
    ("sites.csv", {"id": "taiping"}, "role", "suburb", "hub, kunming, new_area, outer, source"),
    ("sites.csv", {"id": "taiping"}, "market_output", "900", "empty exactly where role is new_area"),
    ("sites.csv", {"id": "qujing"}, "market_output", "", "empty exactly where role is new_area"),
    ("links.csv", {"target_node": "taiping", "layer": "transport"}, "target_node", "taping", "did you mean 'taiping'"),
    ("links.csv", {"target_node": "taiping", "layer": "transport"}, "minutes_2020", "", "a time exactly where"),
    ("links.csv", {"target_node": "taiping", "layer": "transport"}, "weight_2020", "0.4", "empty exactly where"),
    ("links.csv", {"target_node": "taiping", "layer": "transport"}, "state", "planned", "a time exactly where"),
    ("links.csv", {"target_node": "taiping", "layer": "planning"}, "weight_2020", "1.4", "from 0 to 1"),
    ("links.csv", {"target_node": "taiping", "layer": "planning"}, "mode", "road", "agreement"),
    ("links.csv", {"target_node": "taiping", "layer": "planning"}, "layer", "culture", "customs"),
    ("links.csv", {"target_node": "taiping", "layer": "planning"}, "target_node", "kunming_centre", "another site"),
    ("parks.csv", {"id": "yanglin"}, "site", "yang", "yanglin"),
    ("parks.csv", {"id": "yanglin"}, "industrial_land", "16", "from 0 to 12.9"),
    ("parks.csv", {"id": "yanglin"}, "year", "2023", "only declared exceptions"),
    ("parks.csv", {"id": "yanglin"}, "kind", "rival", "outside the New Area"),
    ("paths.csv", {"path": "observed"}, "variable", "gdp_growth", "province_gdp_growth"),
    ("paths.csv", {"path": "observed"}, "year", "2031", "from 2021 to 2030"),
    ("paths.csv", {"path": "observed"}, "path", "hoped", "as_seen_in_2020, observed"),
    ("paths.csv", {"path": "observed"}, "unit", "share", "% per year"),
    ("province.csv", {"variable": "kunming_gdp"}, "year", "2023", "only declared exceptions"),
    ("province.csv", {"variable": "kunming_gdp"}, "value", "673,379", "no thousands separators"),
    ("province.csv", {"variable": "kunming_gdp"}, "unit", "yuan a head", "declared values"),
    ("targets.csv", {"id": "gdp_growth"}, "threshold", "-10", "from 0 to inf"),
    ("targets.csv", {"id": "gdp_growth"}, "rule_applies", "2", "0, 1"),
    ("linkages.csv", {}, "supplier", "mining", "farming"),
]

# A symbol used twice, or a cell that contradicts another one, is reported where the contradiction shows.
BLAMED_ELSEWHERE = {("parameters.csv", "low"), ("parameters.csv", "symbol"), ("links.csv", "state")}


@pytest.mark.parametrize(("file", "where", "column", "value", "allowed"), CELLS)
def test_a_wrong_cell_is_refused_by_place(copy, file, where, column, value, allowed):
    line = line_where(file, **where)
    change(copy, file, line, column, value)
    with pytest.raises(TableError) as caught:
        ANYWHERE[file](copy)
    message = str(caught.value)
    assert re.match(rf"{file}, line \d+, column \w+: found '.*'; allowed: ", message), message
    assert allowed in message, message
    if (file, column) not in BLAMED_ELSEWHERE:
        assert message.startswith(f"{file}, line {line}, column {column}: found {value!r}"), message


@pytest.mark.parametrize(
    ("file", "where", "column", "value", "total"),
    [
        ("base2020.csv", {"site": "songming", "sector": "farming"}, "value_added", "2605", "89500 within 1"),
        ("base2020.csv", {"site": "songming", "sector": "farming"}, "employment", "60000", "560000 within 10"),
        ("base2020.csv", {"site": "songming", "sector": "farming"}, "capital", "2300", "121998 within 1"),
        ("base2020.csv", {"site": "songming", "sector": "farming"}, "n_firms", "900", "60000 within 10"),
        ("sectors.csv", {"id": "electronics"}, "project_value_share", "0.2", "1 within"),
        ("parks.csv", {"id": "yanglin"}, "planned_area", "64.19", "482 within 0.5"),
    ],
)
def test_a_sum_that_does_not_close_is_refused(copy, file, where, column, value, total):
    change(copy, file, line_where(file, **where), column, value)
    with pytest.raises(TableError, match=f"{file}, column {column}: found the sum .*; allowed: {total}"):
        ANYWHERE[file](copy)


def test_industry_must_add_up_by_itself(copy):
    for sector, change_by in (("petro_metals", 100), ("farming", -100)):
        site = "anning"
        line = line_where("base2020.csv", site=site, sector=sector)
        now = next(cell.value_added for cell in tables.base_cells() if (cell.site, cell.sector) == (site, sector))
        change(copy, "base2020.csv", line, "value_added", str(now + change_by))
    with pytest.raises(TableError, match=r"industrial sectors.*29100; allowed: 29000"):
        tables.base_cells(copy)


def test_a_buyer_buys_all_it_needs_from_somewhere(copy):
    change(copy, "linkages.csv", 2, "weight", "0.01")
    with pytest.raises(TableError, match=r"linkages\.csv, column weight \(buyer .*allowed: 1 within"):
        tables.linkages(copy)


def test_assumptions_have_the_schema_of_parameters_and_ids_of_their_own(copy):
    header, first = lines_of(copy / "parameters.csv")[:2]
    row = dict(zip(header, first, strict=True)) | {"id": "N999", "symbol": "trial", "name": "production.trial"}
    known = [] if not (copy / "assumptions.csv").exists() else lines_of(copy / "assumptions.csv")[1:]
    write(copy / "assumptions.csv", [header, *known, list(row.values())])
    assert tables.parameters(copy)["N999"].symbol == "trial"
    other = copy / "other"
    shutil.copytree(copy, other)
    write(other / "assumptions.csv", [header, list((row | {"id": "P999"}).values())])
    with pytest.raises(TableError, match=r"assumptions\.csv, line 2, column id: found 'P999'; allowed: N"):
        tables.parameters(other)


def test_a_weight_that_a_lever_sets_starts_at_its_baseline(copy):
    change(copy, "links.csv", line_where("links.csv", layer="customs"), "weight_2020", "0.4")
    with pytest.raises(TableError, match=r"links\.csv.*weight_2020: found 0\.4; allowed: 0\.3"):
        tables.check_all(copy)


def test_a_site_that_no_road_reaches_is_refused(copy):
    lines = lines_of(copy / "links.csv")
    write(copy / "links.csv", [line for line in lines if line[:3] != ["asean_park", "changshui_airport", "transport"]])
    with pytest.raises(TableError, match="'asean_park'"):
        tables.links(copy)


def test_a_missing_year_is_refused(copy):
    lines = lines_of(copy / "paths.csv")
    dropped = line_where("paths.csv", path="observed", variable="kunming_gdp_growth", year="2027")
    write(copy / "paths.csv", [line for number, line in enumerate(lines, 1) if number != dropped])
    with pytest.raises(TableError, match="kunming_gdp_growth of observed in 2027"):
        tables.paths(copy)


def test_an_undeclared_figure_is_answered_with_close_names():
    with pytest.raises(TableError, match="kunming_gdp"):
        tables.province_figure("kunming_gpd")
    with pytest.raises(TableError, match=r"its years: \[2020\]"):
        tables.province_figure("kunming_gdp", 2024)
    with pytest.raises(TableError, match="paths"):
        tables.path_series("observed", "gdp")


FILE_DAMAGE: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("another encoding", lambda content: content.decode("utf-8").encode("gb18030"), "not UTF-8"),
    ("byte-order mark", lambda content: b"\xef\xbb\xbf" + content, "line 1: found column"),
    ("another header", lambda content: content.replace(b"id,name", b"id,label", 1), "found column 'label'"),
    ("a column less", lambda content: content.replace(b",notes\n", b"\n", 1), "found no column 'notes'"),
    ("another order", lambda content: content.replace(b"id,name", b"name,id", 1), "another order"),
    ("an empty line", lambda content: content + b"\n", "found 0 cells"),
    ("a ragged line", lambda content: content + b"I99z,land.x\n", "line 62: found 2 cells; allowed: 22"),
    ("an open quote", lambda content: content + b'"I99z', "allowed: comma-separated values"),
    ("only a header", lambda content: content.split(b"\n", 1)[0] + b"\n", "found no rows"),
    ("nothing at all", lambda content: b"", "line 1: found no column"),
]


@pytest.mark.parametrize(("damage", "spoil", "says"), FILE_DAMAGE, ids=[damage[0] for damage in FILE_DAMAGE])
def test_a_damaged_file_is_refused(copy, damage, spoil, says):
    path = copy / "levers.csv"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(TableError, match=re.escape(says)):
        tables.levers(copy)


@pytest.mark.parametrize("file", sorted(ANYWHERE))
def test_a_missing_file_is_named(copy, file):
    (copy / file).unlink()
    with pytest.raises(TableError, match=f"{file}: not found"):
        ANYWHERE[file](copy)
