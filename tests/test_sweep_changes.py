"""What changed between two studies is named key by key, whatever their layout."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.sweep.changes import changes, changes_words
from experiments.sweep.study import Study
from tests.test_sweep import STUDY, write

BOX = """
format = 1
scenario = "as_written"
scale = 1000
[vary.policy]
"I13a" = { low = 3, high = 12 }
"I05b" = { low = 500, high = 4000 }
[design]
kind = "latin-hypercube"
points = 8
[replicates]
number = 12
"""


def told(folder, before, *changed):
    """Return what changed in a study: pairs of a text and its replacement."""
    after = before
    for old, new in changed:
        assert old in after
        after = after.replace(old, new)
    return list(changes(Study.read(write(folder, before)).files(), Study.read(write(folder, after)).files()))


@pytest.mark.parametrize(
    ("before", "changed", "words"),
    [
        (BOX, [("number = 12", "number = 16")], ["replicates.number 12 -> 16"]),
        (BOX, [("high = 12 ", "high = 10 ")], ["policy.I13a.high 12 -> 10"]),
        (BOX, [("points = 8", "points = 9")], ["design.points 8 -> 9"]),
        (BOX, [("scale = 1000", "scale = 500")], ["scale 1000 -> 500"]),
        (BOX, [('"as_written"', '"ambitious"')], ["scenarios [as_written] -> [ambitious]"]),
        (STUDY, [("[3, 9]", "[3, 8]")], ["policy.I13a.values [3, 9] -> [3, 8]"]),
        (STUDY, [("series = true", "series = false")], ["store.series true -> false"]),
        (STUDY, [('["baseline", "as_written"]', '["baseline"]')], ["scenarios [baseline, as_written] -> [baseline]"]),
        (STUDY, [("Does a later", "Would a later")], []),
    ],
)
def test_a_change_is_told_in_the_names_of_the_file(tmp_path, before, changed, words):
    assert told(tmp_path, before, *changed)[: len(words) or None] == words


def test_a_lever_more_or_less_is_told_with_what_it_had(tmp_path):
    more = told(tmp_path, BOX, ('"I05b" = { low = 500, high = 4000 }\n', ""))
    assert more == ["policy.I05b.low 500 -> none", "policy.I05b.high 4000 -> none"]


def test_a_changed_scenario_goes_by_its_name(tmp_path):
    scenario = 'format = 1\nname = "mine"\n[levers]\nI13a = 5.0\n'
    texts = []
    for value in ("5.0", "6.0"):
        (tmp_path / "mine.toml").write_text(scenario.replace("5.0", value), "utf-8")
        study = BOX.replace('"as_written"', '"mine.toml"').replace('"I13a" = { low = 3, high = 12 }\n', "")
        texts.append(Study.read(write(tmp_path, study)).files())
    (change,) = changes(*texts)
    assert change.startswith("mine: levers.I13a") and change.endswith("5 -> 6")


def test_of_many_changes_five_are_named_and_the_others_counted(tmp_path):
    files = Study.read(write(tmp_path, BOX)).files()
    other = Study.read(write(tmp_path, BOX.replace("seed", "seed")))
    other = replace(other, seed=1, scale=7, horizon=2024, share="x", path="y", rule="z", replicates=3)
    words = changes_words(files, other.files())
    assert words.count("; ") == 5 and words.startswith("seed ") and words.endswith("; and 2 others")
    assert changes_words(files, files) == ""


def test_texts_that_nobody_can_read_give_no_words():
    assert changes_words({"study.toml": "= ="}, {"study.toml": "= ="}) == ""
