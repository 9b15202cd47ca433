"""The last results of a costly function, kept by whoever calls it.

`functools.lru_cache` around a method of its own object makes a cycle: the object then lives on until the garbage
collector comes by, with all that it has read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Recent(Generic[Key, Result]):
    """Results by what was asked, for one thread at a time; those go that were not asked for the longest.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._results: OrderedDict[Key, Result] = OrderedDict()

    def get(self, key: Key, make: Callable[[Key], Result]) -> Result:
        """Return the result for a key: the one that is kept, else a new one.

        Args:
            key: what is asked.
            make: called with the key where none is kept.
        """
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key]
        result = self._results[key] = make(key)
        if len(self._results) > self._most:
            self._results.popitem(last=False)
        return result
