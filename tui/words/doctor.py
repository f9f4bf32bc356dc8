"""Words and signs of the doctor's findings, for command line and screen alike."""

from __future__ import annotations

from collections.abc import Iterable

from engine.contract import Finding, Group, State
from engine.text import many

GROUPS: dict[Group, str] = {
    "camera": "Cameras",
    "files": "Files",
    "processor": "Processor",
    "software": "Software",
    "storage": "Workspace",
    "terminal": "Terminal",
}
SIGNS: dict[State, str] = {"ok": "✓", "note": "i", "warning": "!", "trouble": "✗"}
WORDS: dict[State, str] = {
    "ok": "ok",
    "note": "note",
    "warning": "WARNING",
    "trouble": "TROUBLE",
}
STYLES: dict[State, str] = {
    "ok": "green",
    "note": "cyan",
    "warning": "bold yellow",
    "trouble": "bold red",
}


def by_group(findings: Iterable[Finding]) -> dict[Group, list[Finding]]:
    """Findings under their groups, in the groups' order; empty groups are left out."""
    found = list(findings)
    groups = {group: [f for f in found if f.group == group] for group in GROUPS}
    return {group: members for group, members in groups.items() if members}


def verdict(findings: Iterable[Finding]) -> str:
    """All findings in a sentence."""
    states = [finding.state for finding in findings]
    if "trouble" in states:
        return f"{many(states.count('trouble'), 'thing is', 'things are')} broken; see the remedy"
    if warnings := states.count("warning"):
        return f"Everything needed works, with {many(warnings, 'warning')}"
    return "Everything works"
