"""Matching: finds the lines that match a query, and the lines that belong to a match as its event or context.

May import, of ``core``: its own modules.

Doors: ``matcher.Matcher`` finds the matching lines of a block; ``expressions.read`` checks a regular expression;
``events.Events`` and ``context.Contexts`` add the lines that belong to a match.
"""
