from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from engine.contract.errors import ModelCorrupt
from engine.model import arrays
from engine.model.arrays import pack, unpack


def test_arrays_come_back_as_they_were() -> None:
    given = {"b": np.arange(6, dtype=np.float16).reshape(2, 3), "a": np.array(["ä", "b"])}
    found = unpack(pack(given), "test")
    assert set(found) == {"a", "b"}
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_the_same_arrays_give_the_same_bytes() -> None:
    one, two = np.zeros(3), np.ones(2)
    assert pack({"one": one, "two": two}) == pack({"two": two, "one": one})


def test_objects_are_neither_written_nor_read() -> None:
    objects = np.array([{}], dtype=object)
    with pytest.raises(TypeError):
        pack({"objects": objects})
    buffer = io.BytesIO()
    np.savez(buffer, objects=objects)
    with pytest.raises(ModelCorrupt):
        unpack(buffer.getvalue(), "test")


def test_a_truncated_file_is_refused() -> None:
    data = pack({"a": np.arange(1000)})
    with pytest.raises(ModelCorrupt):
        unpack(data[: len(data) // 2], "test")


def test_a_bomb_is_refused_before_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LARGEST", 1000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.npy", bytes(10_000))
    with pytest.raises(ModelCorrupt, match="10,000 bytes"):
        unpack(buffer.getvalue(), "test")
