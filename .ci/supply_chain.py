"""What Facedesk is made of: a bill of materials, and what is known against its parts.

python .ci/supply_chain.py sbom FILE        CycloneDX 1.6 of requirements.lock and shipped data
python .ci/supply_chain.py vulnerabilities  pip-audit over the lock; says what was not checked
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
REFUSED = 1


@dataclass(frozen=True)
class Pin:
    """One line of the lock: a package at a version, where `marker` holds."""

    name: str
    version: str
    marker: str
    hashes: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """The package's URL, by which databases know it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(lock: Path = LOCK) -> list[Pin]:
    """The pins of a lock that `uv pip compile --generate-hashes` wrote."""
    found: list[Pin] = []
    for line in lock.read_text().splitlines():
        if head := re.match(r"([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)(?:\s*;\s*(.*?))?\s*\\?$", line):
            found.append(Pin(head[1], head[2], head[3] or ""))
        elif digest := re.match(r"\s+--hash=sha256:([0-9a-f]{64})", line):
            found[-1].hashes.append(digest[1])
        elif parent := re.match(r"\s+#\s+(?:via\s+)?([a-z0-9][a-z0-9._-]*)(?: \(.*\))?$", line):
            if parent[1] != "via":
                found[-1].parents.append(parent[1])
        elif line.strip() and not line.lstrip().startswith("#"):
            raise SystemExit(f"{lock.name}: what is {line!r}?")
    return found


def licences() -> dict[str, str]:
    """The licence of each package of the lock, by name."""
    packages: dict[str, str] = _toml("dependencies.toml")["packages"]
    return packages


def shipped() -> dict[str, dict[str, str]]:
    """What is shipped and is no code, by path."""
    return _toml("shipped.toml")


def bill() -> dict[str, Any]:
    """The bill of materials; the same for the same lock, data and version, on any machine."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    found, licence = pins(), licences()
    components = [
        {
            "type": "library",
            "bom-ref": pin.purl,
            "name": pin.name,
            "version": pin.version,
            "purl": pin.purl,
            "licenses": [{"expression": licence[pin.name]}],
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://pypi.org/project/{pin.name}/{pin.version}/#files",
                    "hashes": [{"alg": "SHA-256", "content": each} for each in pin.hashes],
                }
            ],
        }
        for pin in found
    ]
    components += [
        {
            "type": told["kind"],
            "bom-ref": path,
            "name": path,
            "version": told["sha256"][:12],
            "description": told["what"],
            "author": told["authors"],
            "licenses": [{"license": {"name": told["licence"]}}],
            "hashes": [{"alg": "SHA-256", "content": told["sha256"]}],
        }
        for path, told in shipped().items()
    ]
    needs: dict[str, list[str]] = {own: list(shipped())} | {pin.purl: [] for pin in found}
    for pin in found:
        for parent in pin.parents:
            refs = (
                [own] if parent == project["name"] else [p.purl for p in found if p.name == parent]
            )
            for ref in refs:
                needs[ref].append(pin.purl)
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "purl": own,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": sorted(components, key=lambda each: str(each["bom-ref"])),
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(set(of))} for ref, of in sorted(needs.items())
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {**body, "serialNumber": f"urn:uuid:{serial}"}


def judged(report: dict[str, Any]) -> tuple[list[str], list[str], int]:
    """pip-audit's report as (what is known against something, what was not checked, checked)."""
    known, unchecked, checked = [], [], 0
    for each in report["dependencies"]:
        if "skip_reason" in each:
            unchecked.append(f"{each['name']}: {each['skip_reason']}")
            continue
        checked += 1
        for one in each["vulns"]:
            mended = ", ".join(one.get("fix_versions", ())) or "no version"
            known.append(f"{each['name']} {each['version']}: {one['id']}, mended in {mended}")
    return known, unchecked, checked


def vulnerabilities() -> int:
    """Ask pip-audit. 1 if something is known; 0 also where nobody could be asked, said loudly."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--require-hashes"]
    command += ["--disable-pip", "--progress-spinner", "off", "-f", "json"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=300)
        known, unchecked, checked = judged(json.loads(asked.stdout))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        print(f"vulnerabilities: NOT CHECKED ({type(error).__name__}); no database was reached")
        return 0
    for line in known:
        print(f"vulnerabilities: KNOWN {line}")
    if not checked:
        print(f"vulnerabilities: NOT CHECKED: the index knew none of {len(unchecked)} packages")
    else:
        print(f"vulnerabilities: {len(known)} known in {checked} packages")
        for line in unchecked:
            print(f"vulnerabilities: NOT CHECKED {line}")
    return REFUSED if known else 0


def _toml(name: str) -> Any:
    return tomllib.loads((ROOT / "LICENSES" / name).read_text())


def main() -> int:
    """The two commands."""
    match sys.argv[1:]:
        case ["sbom", file]:
            Path(file).write_text(json.dumps(bill(), indent=1) + "\n")
            return 0
        case ["vulnerabilities"]:
            return vulnerabilities()
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
