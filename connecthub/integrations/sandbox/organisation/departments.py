"""The departments of an organisation: a tree below each unit."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from connecthub.integrations.sandbox.organisation import names, records
from connecthub.integrations.sandbox.organisation.records import Record

BROKEN_KINDS = 4
"""So many leaves are broken together: one disabled, one orphan, two in a cycle."""


class Forest:
    """The trees while they grow."""

    def __init__(self, units: list[Record], depth: int, rng: random.Random, ids: Iterator[int]) -> None:
        self._units = units
        self._depth = depth
        self._rng = rng
        self._ids = ids
        self._count = 0
        self._children = Counter(unit["superior"] for unit in units)  # a unit's path counts among its parent's children
        self._level = {unit["id"]: 0 for unit in units}
        self._branches: list[Record] = []

    def grow(self, count: int) -> list[Record]:
        """Return so many departments, the units' trees each as deep as it may be."""
        grown = []
        for place, unit in enumerate(self._units):
            share = count // len(self._units) + (place < count % len(self._units))
            grown.extend(self._grow_tree(unit, share))
        return grown

    def add_leaves(self, count: int) -> list[Record]:
        """Return so many departments more, which stay without children."""
        return [self._add(self._rng.choice(self._branches), leaf=True) for _ in range(count)]

    def _grow_tree(self, unit: Record, count: int) -> list[Record]:
        """Go down to the last level once, then make the first level broad, then fill up."""
        tree: list[Record] = []
        first_level = max(2, count // 12)
        for number in range(count):
            if number < self._depth:
                parent = tree[-1] if tree else unit
            elif number < self._depth + first_level:
                parent = unit
            else:
                parent = self._rng.choice([row for row in tree if self._level[row["id"]] < self._depth])
            tree.append(self._add(parent))
        return tree

    def _add(self, parent: Record, *, leaf: bool = False) -> Record:
        self._count += 1
        self._children[parent["id"]] += 1
        level = self._level[parent["id"]] + 1
        path = f"{parent['path']}{self._children[parent['id']]:04d}"
        name = names.department_name(self._count - 1, level)
        added = records.department(next(self._ids), name, f"D{self._count:05d}", parent, path, self._count)
        self._level[added["id"]] = level
        if level < self._depth and not leaf:
            self._branches.append(added)
        return added
