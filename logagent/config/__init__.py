"""The settings of an agent, and where they come from: flags, the environment, a file, and the machine itself.

May import no other directory, and at the root of the package nothing but ``ssh_address``.

Doors: ``loading.load`` reads and checks the settings, ``settings.Settings`` holds them; ``table`` is the table of
settings; ``hints`` gives what is told at the start; ``errors.ConfigError`` is what is wrong with them.
"""
