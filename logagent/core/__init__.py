"""Pure computation: no files, sockets, clocks or threads, and nothing from logagent's other directories.

Whatever is here takes values and returns values, so that it can be tested without a machine around it.
"""
