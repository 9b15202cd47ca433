"""Targets for fuzzers: each module has `probe(data)`, which raises only where something is wrong."""
