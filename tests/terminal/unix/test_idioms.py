"""What fingers type, over one real agent; where a program of Unix has the same command, its output is the measure."""

from __future__ import annotations

import contextlib
import gzip
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.console import Console
from testbed.processes import needs, running

pytestmark = [pytest.mark.real, needs("grep")]

LOGS: dict[str, list[bytes]] = {
    "app.log": [
        b"2026-11-26T10:00:00Z start\n2026-11-26T10:00:01Z sshd[1]: refused 10.0.0.1\n",
        b"2026-11-27T10:00:00Z sshd[2]: Refused 10.0.0.2\n2026-11-27T10:00:01Z took 12 ms (GET /a?b=1)\n",
        b"2026-11-28T10:00:00Z refused_twice refused\n2026-11-28T10:00:01Z -x was refused\n\n"
        b"2026-11-28T10:00:02Z C:\\temp $5 a|b a+b [x] {2} ^top end$\n2026-11-28T10:00:03Z last",
    ],
    "nginx/access.log": [b"".join(b"2026-11-28T10:00:%02dZ GET /%d 200\n" % (n, n) for n in range(30))],
    "nginx/error.log": [b"2026-11-28T10:00:00Z refused upstream\n2026-11-28T10:00:05Z done\n"],
    "shop/app.log": [b"a shop\n"],
    "words.log": [b"refused\nrefused!\nunrefused\nrefusedly\n refused \nnot refused\nREFUSED\n"],
    "blank.log": [b"\n\na\n\n"],
    "dos.log": [b"refused\r\naccepted\r\n"],
    "nul.log": [b"a first line of text\nrefused\0here\nplain\n"],
    "empty.log": [b""],
    "-dash.log": [b"2026-11-28T10:00:00Z -x refused\n"],
}
"""The generations of each log, oldest first; the last one is the live file."""
PATTERN_FILES = {
    "literals": "10.0.0.2\na|b\n",
    "windows": "refused\r\nlast\r\n",
    "none": "",
    "many": "".join(f"not there {number:050}\n" for number in range(1000)) + "refused\n",  # too long for a URL
}
MODIFIED = 1_795_867_200
"""When the logs were modified, less a minute for each letter of their names: noon of 28 November 2026."""


@dataclass(frozen=True)
class Host:
    """A running agent, and each of its logs as one file, as `cat GENERATIONS` gives it."""

    url: str
    root: Path
    flat: Path

    def run(self, command: str, **environ: str) -> tuple[int, bytes, str]:
        """Exit code, output and messages of a command line that begins behind `logagent`."""
        console = Console()
        code = console.run(*shlex.split(command), environ={"LOGAGENT_AGENT": self.url, **environ})
        return code, console.stdout.getvalue(), console.talk

    def original(self, command: str) -> tuple[int, bytes]:
        """Exit code and output of the program of that name."""
        name, *words = shlex.split(command)
        chosen = any(word[:1] == "-" and set(word) & {"F", "P"} for word in words)
        dialect = ["-E"] if name == "grep" and not chosen else []
        text = ["-a"] if name == "grep" else []
        done = subprocess.run(
            [name, *dialect, *text, *words],
            cwd=self.flat,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:  # its working directory is that of the logs
    root, flat = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("flat")
    for name, generations in LOGS.items():
        for directory in (root, flat):
            (directory / name).parent.mkdir(exist_ok=True)
        (flat / name).write_bytes(b"".join(generations))
        for age, text in enumerate(reversed(generations)):
            path = root / (name + (f".{age}" if age else "") + (".gz" if age > 1 else ""))
            path.write_bytes(gzip.compress(text, mtime=0) if age > 1 else text)
            os.utime(path, (MODIFIED - 60 * len(name) - 3600 * age,) * 2)
    for name, text in PATTERN_FILES.items():
        for directory in (root.parent, flat.parent):
            (directory / name).write_text(text, newline="")
    with running("one", root, "--timezone", "UTC") as agent, contextlib.chdir(root):
        yield Host(agent.url, root, flat)


AS_THE_ORIGINAL = r"""
grep refused app.log
grep refused app.log nginx/error.log
grep nosuchword app.log
grep -i refused app.log
grep -v refused app.log
grep -iv refused app.log
grep -c refused app.log
grep -c refused app.log nginx/access.log nginx/error.log empty.log
grep -ch refused app.log nginx/error.log
grep -c -v refused app.log
grep -cv '' app.log
grep -l refused app.log nginx/access.log nginx/error.log
grep -L refused app.log nginx/access.log nginx/error.log
grep -L refused app.log
grep -L refused nginx/access.log
grep -lv refused words.log blank.log
grep -m1 refused app.log
grep -m 2 -c refused app.log nginx/error.log
grep -m1 -A2 refused app.log
grep -m0 refused app.log
grep -m -1 refused app.log
grep -Lvm0 refused app.log nginx/error.log
grep -cm 3 GET nginx/access.log
grep -A1 Refused app.log
grep -B1 Refused app.log
grep -C1 Refused app.log
grep -1 Refused app.log
grep -1 'GET /1?4 ' nginx/access.log
grep -A 1 refused app.log nginx/error.log
grep -hA1 refused app.log nginx/error.log
grep -A1 -B2 'GET /(5|20) ' nginx/access.log
grep -C3 'GET /[58] ' nginx/access.log
grep -vC1 GET nginx/access.log
grep -H refused app.log
grep -Hc refused app.log
grep -h refused app.log nginx/error.log
grep -q refused app.log
grep -q nosuchword app.log
grep -q refused nosuch.log app.log
grep -s refused nosuch.log
grep -s refused nosuch.log app.log
grep refused nosuch.log app.log
grep -l refused nosuch.log app.log
grep -w refused words.log
grep -wi refused words.log
grep -wv refused words.log
grep -w 'refused|not' words.log
grep -wF refused words.log
grep -x refused words.log
grep -xF refused words.log
grep -x 'refused.?' words.log
grep -x '' blank.log
grep -c '' blank.log
grep '' blank.log
grep '^$' blank.log
grep -v '^$' blank.log
grep -1 a blank.log
grep -F '$5' app.log
grep -F '[x]' app.log
grep -F 'a|b' app.log
grep -F 'C:\temp' app.log
grep -Fi REFUSED app.log
grep -Fv refused app.log
grep -e refused -e took app.log
grep -erefused -e -x app.log
grep -e '^2026-11-27' -e 'last$' app.log
grep -w '^refused' words.log
grep -x 'refused$' words.log
grep -w 'refused$' words.log
grep -e -x -- -dash.log
grep -- -x app.log
grep -c -- -x -dash.log
grep -f ../literals app.log
grep -F -f ../literals app.log
grep -Fvf ../literals app.log
grep -Ff ../many app.log
grep -cf ../many -e 't.ok' app.log nginx/error.log
grep -cvf ../many -e 't.ok' app.log
grep -of ../many app.log
grep -f ../none app.log
grep -vf ../none app.log
grep -f ../none -e took app.log
grep -e took -f ../literals app.log
grep refused app.log -c
grep refused -i app.log -B1
grep --ignore-case --count refused app.log
grep --max-count=1 --with-filename refused app.log
grep --regexp=refused --after-context=1 app.log
grep --color=never refused app.log
grep 'took [0-9]+ ms' app.log
grep -P 'took \d+ ms' app.log
grep -E '(refused|took) ' app.log
grep '\(GET' app.log
grep 'sshd\[[12]\]' app.log
grep '[[:upper:]]efused' app.log
grep '^2026-11-27' app.log
grep 'last$' app.log
grep '.' blank.log
grep 'refused$' dos.log
grep refused dos.log
grep -r refused nginx
grep -rh refused nginx
grep -rl upstream nginx
grep refused nul.log
grep -c refused nul.log
grep refused app.log app.log
grep -n refused app.log
grep -nv refused app.log nginx/error.log
grep -rin upstream nginx/error.log
grep -nA1 Refused app.log
grep -n -C1 refused app.log nginx/error.log
grep -nm2 GET nginx/access.log
grep -cn refused app.log
grep -n nosuchword app.log
grep -o refused app.log
grep -o '[0-9]{1,3}' app.log
grep -oi refused app.log nginx/error.log
grep -on '10\.0\.[0-9.]+' app.log
grep -ow refused words.log
grep -ov refused words.log
grep -oF -e ref -e refused words.log
grep -o -e 'a|ab' -e 'took.*s' app.log
grep -oh 'GET /[0-9]' nginx/access.log -m3
grep -oc refused app.log
grep -ox refused words.log
grep -A0 refused app.log
grep -B0 GET nginx/access.log -m 3
grep -C0 'GET /[12]' nginx/access.log
grep -nC0 'GET /[12]?[58]' nginx/access.log nginx/error.log
grep -0 refused app.log nginx/error.log
grep -vA0 GET app.log words.log
grep -A0 -B1 Refused app.log
grep -cA0 refused app.log
grep -oA0 refused app.log
grep -oA1 refused app.log
grep -onC1 'GET /[58] ' nginx/access.log
grep -ovA1 refused words.log app.log
grep -ovA0 refused app.log
grep -i '\brefused\b' words.log
grep '\<refused' words.log
grep 'refused\>' words.log
tail app.log
tail -n 2 app.log
tail -n2 app.log
tail -2 nginx/access.log
tail -n 0 app.log
tail -n +5 app.log
tail -n +1 app.log
tail -n -3 app.log
tail --lines=3 nginx/access.log
tail -n 1 app.log nginx/error.log
tail -qn1 app.log nginx/error.log
tail -v -n1 nginx/error.log
tail -n 3 blank.log empty.log
cat app.log
cat nginx/error.log app.log nginx/error.log
cat app.log nginx/error.log
cat empty.log
cat blank.log dos.log
cat -n app.log nginx/error.log
cat nul.log
ls -1 nginx
ls nginx/
ls nginx/error.log app.log
ls shop nginx
ls shop/ app.log nginx/ words.log
ls -r shop app.log nginx words.log
"""


def test_what_fingers_type_prints_what_the_program_of_that_name_prints(host: Host) -> None:
    commands = AS_THE_ORIGINAL.strip().splitlines()
    answers = {command: host.run(command)[:2] for command in commands}
    originals = {command: host.original(command) for command in commands}
    wrong = [f"{each}: {answers[each]}, not {originals[each]}" for each in commands if answers[each] != originals[each]]
    assert not wrong, "\n".join(wrong)


def local(command: str) -> str:
    """The same command about files of this machine, as their paths begin."""
    names = {*LOGS, "nginx", "nginx/", "shop", "shop/", "nosuch.log"}
    return shlex.join(f"./{word}" if word in names else word for word in shlex.split(command))


def test_the_same_holds_of_files_that_are_read_without_an_agent(host: Host) -> None:
    commands = [each for each in map(local, AS_THE_ORIGINAL.strip().splitlines()) if " ./" in each]
    assert len(commands) > 100
    answers = {command: host.run(command, LOGAGENT_AGENT="")[:2] for command in commands}
    originals = {command: host.original(command) for command in commands}
    wrong = [f"{each}: {answers[each]}, not {originals[each]}" for each in commands if answers[each] != originals[each]]
    assert not wrong, "\n".join(wrong)


Row = tuple[str, str, int, str]
"""A command, what it prints, its exit code, and a part of what it says on standard error."""
REFUSED = "2026-11-28T10:00:00Z -x refused\n"
ERRORS = "2026-11-28T10:00:00Z refused upstream\n2026-11-28T10:00:05Z done\n"
LONG = """\
1  67  2026-11-28 11:51  words.log

nginx:
1  980  2026-11-28 11:44  access.log
1   64  2026-11-28 11:45  error.log
"""
ROWS: tuple[Row, ...] = (
    # minus-number-is-keyword
    ("query -1 nginx/error.log --prefix never", "2026-11-28T10:00:05Z done\n", 0, ""),
    ("query nginx/error.log refused -20 --prefix never", "2026-11-28T10:00:00Z refused upstream\n", 0, ""),
    ("hits app.log -20", "", 2, "behind -- it is a word"),
    # double-dash
    ("query --prefix never -- -dash.log refused", REFUSED, 0, ""),
    ("query -dash.log -e -x --prefix never", "", 2, ""),
    ("query --prefix never -e -x -- -dash.log", REFUSED, 0, ""),
    ("tail -- -dash.log", REFUSED, 0, ""),
    ("cat -- -dash.log", REFUSED, 0, ""),
    ("grep -e -x ./-dash.log", REFUSED, 0, ""),
    # path-as-typed
    ("query ./nginx/../nginx/error.log done --prefix never", "2026-11-28T10:00:05Z done\n", 0, ""),
    ("cat ./nginx/error.log", ERRORS, 0, ""),
    ("tail -n1 nginx/../nginx/error.log", "2026-11-28T10:00:05Z done\n", 0, ""),
    ("grep done /var/log/nginx/error.log", "", 2, "/var/log/nginx/error.log"),
    ("cat ../app.log", "", 2, "leads out of an agent's roots"),
    ("cat /etc/passwd", "", 2, "/etc/passwd"),
    # since-as-people-write-it
    ("grep -c refused nginx/error.log --since 2026-11-28", "1\n", 0, ""),
    ("grep -c . nginx/error.log --since '2026-11-28 10:00:05'", "1\n", 0, ""),
    ("grep -c . nginx/error.log --since @1795860005", "1\n", 0, ""),
    ("grep -c . nginx/error.log --since 'Nov 28 10:00'", "2\n", 0, ""),
    ("grep -c . nginx/error.log --since '28/Nov/2026:10:00:05 +0000'", "1\n", 0, ""),
    ("grep -c . nginx/error.log --until '2026-11-28 10:00:05'", "1\n", 0, ""),
    ("cat nginx/error.log --since '2026-11-28 10:00:01'", "2026-11-28T10:00:05Z done\n", 0, ""),
    ("tail -n1 nginx/error.log --until 2026-11-28T10:00:05Z", "2026-11-28T10:00:00Z refused upstream\n", 0, ""),
    ("tail nginx/error.log --since 2027-13-01", "", 2, "--since"),
    # grep
    ("grep -G refused app.log", "", 2, "basic expressions"),
    (r"grep 'refused\|took' app.log", "", 1, r"\| means | itself here"),
    ("grep '(refused' app.log", "", 2, "logagent: PATTERN: Missing close parenthesis for group\n"),
    ("grep -c '(refused' app.log nginx/error.log", "", 2, "PATTERN: Missing close"),
    ("grep -r refused --include='*.log'", "", 2, "--include=*.log; FILE may be a glob between quotes"),
    ("grep -r refused --exclude=app.log", "", 2, "no file is left out"),
    ("grep -r refused --exclude-dir nginx", "", 2, "no directory is left out"),
    ("query refused --include='*.log'", "", 2, "FILE may be a glob"),
    ("grep -S -1h refused app.log", "", 2, "is --since WHEN meant?"),
    ("grep -U -1h refused app.log", "", 2, "is --until WHEN meant?"),
    ("grep", "", 2, "PATTERN"),
    ("grep refused", "", 2, "standard input is not read"),
    ("grep x app.log --agent http://127.0.0.1:1", "", 2, "nothing listens there"),
    ("cat -", "", 2, "standard input is not read"),
    ("grep -r refused ngnix", "", 2, "ngnix: no such file; is nginx/ meant?"),
    ("grep -r refused /var/log/ngnix/", "", 2, "is nginx/ meant?"),
    ("grep -m x refused app.log", "", 2, "-m: must be a whole number"),
    ("grep -A x refused app.log", "", 2, "-A"),
    ("grep -f nosuchfile app.log", "", 2, "nosuchfile"),
    ("grep refused nosuch.log", "", 2, "nosuch.log: no such file"),
    ("grep refused nginx", "", 2, "nginx/ means all that lies in it"),
    ("grep refused nginx/", "nginx/error.log:2026-11-28T10:00:00Z refused upstream\n", 0, ""),
    ("grep -h refused 'nginx/*.log'", "2026-11-28T10:00:00Z refused upstream\n", 0, ""),
    ("grep -l refused 'nginx/{access,error}.log'", "nginx/error.log\n", 0, ""),
    ("grep -F -f ../windows app.log -c", "4\n", 0, ""),
    ("grep -c refused app.log --no-rotated", "2\n", 0, ""),
    ("grep -c refused app.log.1", "0\n", 1, ""),
    ("grep -c refused app.log --host one", "3\n", 0, ""),
    ("grep refused app.log --host nosuch", "", 2, "no host named nosuch"),
    (
        "grep --color=always -m1 upstream nginx/error.log nginx/access.log",
        "\x1b[35mnginx/error.log\x1b[0m\x1b[36m:\x1b[0m2026-11-28T10:00:00Z refused \x1b[1;31mupstream\x1b[0m\n",
        0,
        "",
    ),
    ("grep --colour -c refused app.log", "3\n", 0, ""),
    ("grep --nosuch refused app.log", "", 2, "--nosuch"),
    # tail
    ("tail -c 5 app.log", "", 2, "use -n N"),
    ("tail -n x app.log", "", 2, "-n: must be"),
    ("tail", "", 2, "FILE"),
    ("tail -2f nginx/error.log --until now", "", 2, "until"),
    ("tail -1F nosuch.log", "", 2, "nosuch.log: no such file"),
    ("hits app.log -20f", "", 2, "no lines to be counted by -20f"),
    ("tail /var/log/error.log", "", 2, "/var/log/error.log: no such file; is nginx/error.log meant?"),
    ("tail nosuch.log", "", 2, "nosuch.log: no such file"),
    ("tail -n1 nosuch.log nginx/error.log", "==> nginx/error.log <==\n2026-11-28T10:00:05Z done\n", 3, "nosuch.log"),
    ("tail -f nosuch.log", "", 2, "nosuch.log: no such file"),
    ("tail -n1 -f nginx/error.log --until now", "", 2, "until"),
    # cat, ls, files
    ("cat nginx/eror.log", "", 2, "nginx/eror.log: no such file; is nginx/error.log or"),
    ("grep -c up error.log nginx/error.log", "nginx/error.log:1\n", 2, "error.log: no such file; is nginx/error.log"),
    ("grep -s up error.log", "", 2, ""),
    ("cat nosuch.log nginx/error.log", ERRORS, 3, "nosuch.log: no such file"),
    ("cat nginx", "", 2, "nginx: is a directory"),
    ("ls", "-dash.log\napp.log\nblank.log\ndos.log\nempty.log\nnginx/\nnul.log\nshop/\nwords.log\n", 0, ""),
    ("ls 'n*.log' nginx", "nul.log\n\nnginx:\naccess.log\nerror.log\n", 0, ""),
    ("ls '*/'", "nginx/:\naccess.log\nerror.log\n\nshop/:\napp.log\n", 0, ""),
    ("ls -d nginx", "nginx/\n", 0, ""),
    ("ls -d app.log shop nginx", "app.log\nnginx/\nshop/\n", 0, ""),
    ("ls -d '*/'", "nginx/\nshop/\n", 0, ""),
    ("ls -d", "./\n", 0, ""),
    ("ls nosuch shop", "shop:\napp.log\n", 3, "nosuch: no such file"),
    ("ls -R nginx", "access.log\nerror.log\n", 0, ""),
    ("ls -S app.log nginx", "app.log\n\nnginx:\naccess.log\nerror.log\n", 0, ""),
    ("ls -r nginx", "error.log\naccess.log\n", 0, ""),
    ("ls -t nginx app.log", "app.log\n\nnginx:\nerror.log\naccess.log\n", 0, ""),
    ("ls -tr nginx app.log", "app.log\n\nnginx:\naccess.log\nerror.log\n", 0, ""),
    ("ls -l words.log nginx", LONG, 0, ""),
    ("ls -lh nginx/access.log", "1  980 B  2026-11-28 11:44  nginx/access.log\n", 0, ""),
    ("ls nosuch", "", 2, "nosuch: no such file"),
    ("ls ngnix", "", 2, "ngnix: no such file; is nginx/ meant?"),
    ("ls shp/", "", 2, "shp/: no such file; is shop/ meant?"),
    ("ls nosuch app.log", "app.log\n", 3, "nosuch: no such file"),
    ("files nosuch.log", "", 1, ""),
)


def test_a_path_of_the_host_is_understood_below_its_roots(host: Host) -> None:
    assert host.run(f"cat {host.root}/nginx/error.log") == (0, ERRORS.encode(), "")
    assert host.run(f"grep -l upstream '{host.root}/nginx/*.log' ") == (0, b"nginx/error.log\n", "")
    assert host.run(f"grep -rl upstream {host.root}") == (0, b"nginx/error.log\n", "")
    assert host.run(f"ls {host.root}/nginx") == (0, b"access.log\nerror.log\n", "")
    assert host.run(f"ls {host.root}")[1].splitlines() == [
        b"-dash.log",
        b"app.log",
        b"blank.log",
        b"dos.log",
        b"empty.log",
        b"nginx/",
        b"nul.log",
        b"shop/",
        b"words.log",
    ]


@pytest.mark.parametrize("command", ["tail -n3 -f nginx/error.log", "follow -n3 nginx/error.log"])
def test_a_follow_ends_when_its_reader_does(host: Host, command: str) -> None:
    words = [sys.executable, "-m", "logagent", *shlex.split(command), "--agent", host.url]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as popen:
        assert popen.stdout is not None
        popen.stdout.readline()
        popen.stdout.close()
        assert popen.wait(timeout=60) == 141


def test_other_habits_print_what_they_mean(host: Host) -> None:
    wrong = []
    for command, output, code, said in ROWS:
        got, data, talk = host.run(command, TZ="UTC")
        if (got, data.decode()) != (code, output) or said not in talk:
            wrong.append(f"{command}: {got} {data!r} {talk!r}")
    assert not wrong, "\n".join(wrong)
