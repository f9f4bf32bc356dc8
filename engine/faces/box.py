"""A face's place in a picture."""

from __future__ import annotations

from dataclasses import dataclass

from engine.contract import BoxTuple


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of its picture; `x` and `y` are the top left corner.

    It may reach over the picture's edge where the face does.
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def as_tuple(self) -> BoxTuple:
        """x, y, width, height: the form that events carry."""
        return self.x, self.y, self.width, self.height

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def shared(self, other: Box) -> int:
        """Square pixels that lie in both boxes."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(0, width) * max(0, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.shared(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def scaled(self, factor: float, left: float = 0.0, top: float = 0.0) -> Box:
        """The same box in a picture `factor` times the size, moved by (-left, -top) afterwards."""
        return Box(
            round(self.x * factor - left),
            round(self.y * factor - top),
            max(1, round(self.width * factor)),
            max(1, round(self.height * factor)),
        )

    def turned_back(self, quarters: int, height: int, width: int) -> Box:
        """The box in a picture of `height` and `width` that was searched turned to the left by so
        many quarters (0..3)."""
        if quarters == 1:
            return Box(width - self.y - self.height, self.x, self.height, self.width)
        if quarters == 2:
            x, y = width - self.x - self.width, height - self.y - self.height
            return Box(x, y, self.width, self.height)
        if quarters == 3:
            return Box(self.y, height - self.x - self.width, self.height, self.width)
        return self
