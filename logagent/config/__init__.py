"""Where settings come from: flags, the environment, a file, and what this machine says of itself.

May import no other directory, and nothing at the root.
"""
