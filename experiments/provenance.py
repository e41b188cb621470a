"""What was run: versions, revision, and the hashes of scenario and data, so that a result can be traced and
repeated. Versions and revision are asked for once: they are those of the code that this process has loaded.
"""

from __future__ import annotations

import platform
import subprocess
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("mesa", "numpy", "scipy", "networkx", "pandas", "pyarrow")
_ROOT = Path(__file__).resolve().parent.parent


@cache
def version() -> str:
    """Return the version of the program: as installed, else as the project file beside the packages says."""
    try:
        return metadata.version("dianzhong")
    except metadata.PackageNotFoundError:
        pass
    try:
        with (_ROOT / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "unknown"


@cache
def revision() -> str | None:
    """Return the git commit of the source, with `+changes` if files differ from it; None outside a checkout."""
    if not (_ROOT / ".git").exists():
        return None
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")


@cache
def packages() -> dict[str, str]:
    """Return the installed version of each library a result depends on; absent ones are left out."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def data_sha256() -> str:
    """Return one sha256 over all tables of the model."""
    from sim.calibration.tables import data_digest

    return data_digest()


def provenance(scenario_sha256: str, against_sha256: str) -> dict[str, Any]:
    """Return the provenance block of a result document."""
    return {
        "version": version(),
        "revision": revision(),
        "python": platform.python_version(),
        "packages": dict(packages()),
        "scenario_sha256": scenario_sha256,
        "against_sha256": against_sha256,
        "data_sha256": data_sha256(),
    }


def _git(*arguments: str) -> str | None:
    """Run git in the source folder and return what it prints; None if it is absent, slow or refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
