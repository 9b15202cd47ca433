"""The settings of an agent, and where they come from: flags, the environment, a file, and the machine itself.

May import no other directory, and nothing at the root.
"""
