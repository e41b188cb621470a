"""What the README shows works: its scenario passes the check, its Python block runs."""

from __future__ import annotations

import re
from pathlib import Path

from sim.scenario import load_scenario

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_scenario_of_the_readme_is_valid(tmp_path: Path) -> None:
    text = re.search(r"```toml\n(.*?)```", README, re.S)
    assert text is not None
    file = tmp_path / "more_land.toml"
    file.write_text(text.group(1), encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.levers["I13a"].ramp == 4 and scenario.parks[0]["id"] == "songming_east" and len(scenario.links) == 1


def test_the_python_block_of_the_readme_runs() -> None:
    block = re.search(r"```python\n(.*?)```", README, re.S)
    assert block is not None
    exec(compile(block.group(1).replace("scale=20", "scale=400"), "README.md", "exec"), {})
