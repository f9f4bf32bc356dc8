from __future__ import annotations

from pathlib import Path

from engine.machine import has_bfloat16, processor_features


def test_flags_are_those_that_every_core_has(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("flags\t\t: sse avx512_bf16\n\nflags\t\t: sse\n")
    assert processor_features(file) == {"sse"}
    assert not has_bfloat16(file)


def test_either_bfloat16_instruction_counts(tmp_path: Path) -> None:
    for flag in ("avx512_bf16", "amx_bf16"):
        file = tmp_path / flag
        file.write_text(f"model name : x\nflags : sse {flag} avx\n")
        assert has_bfloat16(file)


def test_arm_spells_it_features(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("Features\t: fp asimd\n")
    assert processor_features(file) == {"fp", "asimd"}


def test_without_cpuinfo_nothing_is_assumed(tmp_path: Path) -> None:
    assert processor_features(tmp_path / "absent") == frozenset()
    assert not has_bfloat16(tmp_path / "absent")
