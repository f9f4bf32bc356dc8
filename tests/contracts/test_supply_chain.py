"""Dependencies are locked, licensed and listed; what is shipped and no code has an owner."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "supply_chain.py"
LOCKS = ["requirements.lock", "requirements-dev.lock"]
TEXTS = {
    ".py", ".md", ".toml", ".lock", ".tcss", ".pot", ".po", ".txt", ".sha256", ".json", ".sh",
    "", ".svg",
}  # fmt: skip
"""Files that can be read, of ours. SVGs are pictures of the app, drawn by its tests."""


@pytest.fixture(scope="module")
def chain() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply_chain", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply_chain"] = module
    spec.loader.exec_module(module)
    return module


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_pinned_and_hashed(chain: ModuleType, lock: str) -> None:
    pins = chain.pins(ROOT / lock)
    assert len(pins) > 40
    assert not [pin.name for pin in pins if not pin.hashes]
    # Nothing else is in there: no address, no unpinned name, no option.
    others = {
        line
        for line in (ROOT / lock).read_text().splitlines()
        if not re.match(
            r"[a-z0-9._-]+==\S+( ; .*)? \\$|    --hash=sha256:\w{64}( \\)?$|    # ", line
        )
    }
    assert not others


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_agrees_with_the_ranges_of_pyproject(chain: ModuleType, lock: str) -> None:
    wanted = list(map(Requirement, project()["dependencies"]))
    if "dev" in lock:
        wanted += map(Requirement, project()["optional-dependencies"]["dev"])
    pins = chain.pins(ROOT / lock)
    for each in wanted:
        versions = [pin.version for pin in pins if pin.name == each.name]
        assert versions, each
        assert all(version in each.specifier for version in versions), (each, versions)


def test_every_locked_package_has_an_allowed_licence(chain: ModuleType) -> None:
    told = tomllib.loads((ROOT / "LICENSES" / "dependencies.toml").read_text())
    assert set(told["packages"]) == {pin.name for pin in chain.pins()}
    for name, expression in told["packages"].items():
        parts = re.split(r" (?:AND|OR) ", expression)
        assert set(parts) <= set(told["allowed"]), (name, expression)


def test_the_licences_are_those_that_the_packages_state(chain: ModuleType) -> None:
    for pin in chain.pins():
        if pin.marker and not Marker(pin.marker).evaluate():
            continue
        stated = importlib.metadata.metadata(pin.name).get("License-Expression")
        if stated is not None:
            assert stated == chain.licences()[pin.name], pin.name


def tracked() -> list[str]:
    run = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in run.stdout.splitlines() if (ROOT / line).is_file()]


def test_whatever_is_shipped_and_no_code_has_licence_origin_and_digest(chain: ModuleType) -> None:
    assert {name for name in tracked() if Path(name).suffix not in TEXTS} == set(chain.shipped())
    for path, told in chain.shipped().items():
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == told["sha256"], path
        assert all(told[key] for key in ("what", "licence", "authors", "origin")), path
        assert (ROOT / told["text"]).is_file(), path


def test_the_bill_of_materials_names_everything_and_is_the_same_each_time(
    chain: ModuleType, tmp_path: Path
) -> None:
    for name in ("once", "twice"):
        subprocess.run([sys.executable, SCRIPT, "sbom", tmp_path / name], check=True)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()
    bill = json.loads((tmp_path / "once").read_text())
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(refs) == len(set(refs))
    assert set(refs) == {pin.purl for pin in chain.pins()} | set(chain.shipped())
    known = {*refs, bill["metadata"]["component"]["bom-ref"]}
    needed = {ref for each in bill["dependencies"] for ref in each["dependsOn"]}
    assert needed == set(refs), "something is in the lock that nothing needs"
    assert {each["ref"] for each in bill["dependencies"]} <= known


def report(**package: Any) -> dict[str, Any]:
    return {"dependencies": [{"name": "numpy", "version": "2.0", **package}]}


def test_a_known_vulnerability_is_told_with_its_cure(chain: ModuleType) -> None:
    one = {"id": "PYSEC-1", "fix_versions": ["2.1"]}
    known, unchecked, checked = chain.judged(report(vulns=[one]))
    assert (known, unchecked, checked) == (["numpy 2.0: PYSEC-1, mended in 2.1"], [], 1)


def test_a_package_that_the_index_does_not_know_is_not_called_safe(chain: ModuleType) -> None:
    known, unchecked, checked = chain.judged(report(skip_reason="not found on PyPI"))
    assert (known, unchecked, checked) == ([], ["numpy: not found on PyPI"], 0)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (json.dumps(report(vulns=[{"id": "PYSEC-1"}])), 1, "KNOWN numpy 2.0: PYSEC-1"),
        (json.dumps(report(vulns=[])), 0, "0 known in 1 packages"),
        (json.dumps(report(skip_reason="x")), 0, "NOT CHECKED"),
        ("", 0, "NOT CHECKED"),
    ],
)
def test_what_ci_does_with_the_answer(
    chain: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    said: str,
) -> None:
    """Without an answer CI goes on, and says that nothing was checked."""
    asked = subprocess.CompletedProcess([], 0, answer, "")
    monkeypatch.setattr(chain.subprocess, "run", lambda *_, **__: asked)
    assert chain.vulnerabilities() == code
    assert said in capsys.readouterr().out
