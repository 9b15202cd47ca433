"""Agents that are found while this one runs: in files of targets and in DNS.

May import, of ``peers``: ``client`` and its own modules; and ``core.wire``, which says how sources are told of. What is
found is data: where it may lead is checked here, and who answers there is proved by its certificate, by
``known_agents``.

Doors: ``discovering.Discovery`` looks in all sources, and tells what is found in them together; ``sources`` says what a
source is, ``file_source.FileSource`` and ``dns_source.DnsSource`` are the two kinds; ``resolver.DnsResolver`` asks DNS,
and ``resolved_network.ResolvedNetwork`` connects to names by it.
"""
