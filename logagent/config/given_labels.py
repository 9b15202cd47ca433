"""The labels that were given for this host and for its peers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from logagent.config.given_values import GivenValues
from logagent.config.labels import OF_PEERS, OWN, labels_of, labels_of_peers


def given_labels(given: GivenValues, peers: Collection[str]) -> dict[str, Any]:
    """Return the labels of this host and of its peers, by the names of the settings.

    Raises:
        ConfigError: for those that cannot be.
    """
    name = OWN.name
    try:
        own = labels_of(given.several(name))
        name = OF_PEERS.name
        return {OWN.name: own, name: labels_of_peers(given.several(name), peers)}
    except ValueError as error:
        raise given.wrong(name, str(error)) from None
