"""A program in place of ssh, which runs the command on this machine, or fails as ssh does, as the host's name says."""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """\
#!/bin/sh
while [ "$1" != -- ]; do shift; done
host=$2; shift 2
case $host in
no-key) echo 'root@no-key: Permission denied (publickey).' >&2; exit 255 ;;
greeting) echo Welcome; exec cat ;;
esac
export PATH='{programs}':"$PATH"
[ -d '{directory}/'"$host" ] && export LOGAGENT_ROOT='{directory}/'"$host"
exec sh -c "$*"
"""


def ssh_stub(directory: Path) -> dict[str, str]:
    """Write the program, and return the environment in which it is taken for ssh; it finds this `logagent`.

    The root of a host is the directory of its name beside the program, if there is one.
    """
    script = directory / "ssh-stub"
    script.write_text(_PROGRAM.format(programs=Path(sys.executable).parent, directory=directory))
    script.chmod(0o755)
    return {"LOGAGENT_SSH": str(script)}
