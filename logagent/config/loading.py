"""Making the settings of an agent of what was given, and checking it.

A flag overrides the environment, which overrides the file, which overrides the default. Each place gives texts, which
the same readers read, so that a value means the same wherever it was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from logagent.config import access_rules, control, listeners, oidc_settings, own_log, timezones, tls_files, values
from logagent.config.access_rules import AccessRule
from logagent.config.acting import by_name
from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_defaults, from_environment, from_file
from logagent.config.given_labels import given_labels
from logagent.config.given_values import GivenValues
from logagent.config.log_words import key_in
from logagent.config.patterns import filled
from logagent.config.roots import names_of, of_roots
from logagent.config.settings import ClientCertificate, Settings
from logagent.config.table import BY_NAME

_AS_READ = (
    *(
        "listen_mode",
        "allow_cleartext",
        "trust_loopback",
        "peer_pause",
        "target_grace",
        "patience",
        "disk_threads",
        "page_cache",
    ),
    *("max_line", "max_files", "max_walk", "max_answers", "max_follows", "max_time", "max_bytes", "graceful"),
    *("log_max_bytes", "log_keep", "log_words", "traces_sample"),
)
"""Settings of one value that is as it was read, and hangs on no other."""


def load(flags: Mapping[str, Sequence[str]], environ: Mapping[str, str], *, host: str, file: str | None) -> Settings:
    """Read the settings that flags, environment and file give, and take defaults for the rest.

    Args:
        flags: texts by the name of the setting.
        host: the machine's host name.
        file: the path of a TOML file, if any.

    Raises:
        ConfigError: for a value that cannot be used, or a file or directory that does not exist.
    """
    return checked(given_by(flags, environ, file=file), environ, host=host)


def given_by(
    flags: Mapping[str, Sequence[str]], environ: Mapping[str, str], *, file: str | None
) -> Mapping[str, Given]:
    """Return what flags, environment and file give for settings, as it was typed; see `load`."""
    return {
        **(from_file(Path(file)) if file else {}),
        **from_environment(environ),
        **{name: Given(tuple(texts), BY_NAME[name].flag) for name, texts in flags.items()},
    }


def checked(given: Mapping[str, Given], environ: Mapping[str, str], *, host: str) -> Settings:
    """Return the settings that were given, with defaults for the rest; see `load`."""
    return _Checked(filled({**from_defaults(host), **given}, host), environ).settings()


class _Checked:
    """Reads the value of each setting, and checks settings that depend on others."""

    def __init__(self, given: Mapping[str, Given], environ: Mapping[str, str]) -> None:
        self._given = given
        self._values = GivenValues(given)
        self._environ = environ

    def settings(self) -> Settings:
        name = self._values.one("name")
        tls = self._tls(name)
        roots = tuple(self._directory("root", text) for text in self._given["root"].texts)
        return Settings(
            name=name,
            listen=self._listen(secure=tls.certificate is not None),
            listen_group=self._values.one("listen_group") if "listen_group" in self._given else None,
            control=self._control(),
            root=roots,
            root_name=self._root_names(roots),
            skip_files=self._values.joined("skip_files"),
            never_serve=self._values.joined("never_serve"),
            **self._agents(),
            **self._discovery(),
            certs=self._values.path("certs"),
            tls_certificate=tls.certificate,
            tls_key=tls.key,
            tls_ca=tls.ca,
            tls_crl=self._crl(tls),
            revoked=self._values.path("revoked"),
            client_certificate=self._client_certificate(tls),
            known_as=tuple(self._values.several("known_as")),
            local_users=self._values.joined("local_users"),
            local_groups=self._local_groups(),
            tokens=self._values.path("tokens"),
            **self._oidc(),
            rule=self._rules(),
            acting=self._acting(),
            timezone=self._timezone(),
            root_timezone=self._of_roots("root_timezone", roots),
            time_format=tuple(self._values.several("time_format")),
            log_words_key=self._log_words_key(),
            **self._own_log(roots),
            traces=self._values.one("traces") if "traces" in self._given else "",
            traces_headers=self._values.path("traces_headers"),
            traces_ca=self._values.path("traces_ca"),
            **{name: self._values.one(name) for name in _AS_READ},
        )

    def _own_log(self, roots: Sequence[Path]) -> dict[str, Any]:
        """Return where the agent's own log goes."""
        try:
            targets = own_log.check_targets(self._values.joined("log_to"))
        except ValueError as error:
            raise self._values.wrong("log_to", str(error)) from None
        writes_files, directory = {own_log.AUTO, own_log.FILES} & {*targets}, self._values.path("log_directory")
        if directory is not None and not writes_files:
            raise self._values.wrong("log_directory", f"is of no use with log_to {', '.join(targets)}: add files")
        directory = directory or own_log.usual_directory(roots)
        if own_log.FILES in targets and directory is None:
            why = filter(None, ["files need a directory: give log_directory", own_log.passed_over(roots)])
            raise self._values.wrong("log_to", "; ".join(why))
        return {
            "log_to": targets,
            "log_directory": directory.absolute() if directory is not None and writes_files else None,
            "log_level": dict(self._values.several("log_level")),
        }

    def _log_words_key(self) -> bytes | None:
        file = self._values.path("log_words_key")
        try:
            return None if file is None else key_in(file)
        except ValueError as error:
            raise self._values.wrong("log_words_key", str(error)) from None

    def _control(self) -> str:
        text: str = self._values.one("control")
        return text if text in (control.AUTO, control.NONE) else str((self._given["control"].base / text).absolute())

    def _directory(self, name: str, text: str) -> Path:
        directory = self._given[name].base / text
        if not directory.is_dir():
            raise self._values.wrong(name, f"{directory} is not a directory")
        return directory

    def _tls(self, name: str) -> tls_files.TlsFiles:
        singly = {part: self._values.path(f"tls_{part}") for part in ("ca", "certificate", "key")}
        try:
            return tls_files.find(self._values.path("certs"), name, **singly)
        except tls_files.NoTlsFile as missing:
            asked = f"tls_{missing.part}"
            raise self._values.wrong(asked if asked in self._given else "certs", str(missing)) from None
        except tls_files.HalfTls as half:
            asked = next(name for name in ("tls_certificate", "tls_key") if name in self._given)
            raise self._values.wrong(asked, str(half)) from None
        except tls_files.BadTlsFile as bad:
            asked = f"tls_{bad.part}"
            raise self._values.wrong(asked if asked in self._given else "certs", str(bad)) from None

    def _crl(self, tls: tls_files.TlsFiles) -> Path | None:
        crl = self._values.path("tls_crl")
        if crl is not None and tls.ca is None:
            raise self._values.wrong("tls_crl", "needs the authority that has signed it: give certs or tls_ca")
        return crl

    def _listen(self, *, secure: bool) -> tuple[str, ...]:
        base, cleartext = self._given["listen"].base, self._values.one("allow_cleartext")
        try:
            return tuple(
                listeners.url_of(address, base=base, secure=secure, allow_cleartext=cleartext)
                for address in self._values.read("listen")
            )
        except ValueError as error:
            raise self._values.wrong("listen", str(error)) from None

    def _agents(self) -> dict[str, Any]:
        peers = self._peers("peer", {})
        primaries = self._peers("primary", peers)
        return {"peer": peers, "primary": primaries, **given_labels(self._values, {**peers, **primaries})}

    def _peers(self, setting: str, taken: Mapping[str, str]) -> dict[str, str]:
        peers: dict[str, str] = {}
        for peer, url in self._values.several(setting):
            self._check_peer(setting, url)
            if peer in peers or peer in taken:
                raise self._values.wrong(setting, f"{peer} is given twice; each has one URL, as peer or as primary")
            peers[peer] = url
        return peers

    def _discovery(self) -> dict[str, Any]:
        files = self._values.several("targets")
        return {
            "targets": tuple(dict.fromkeys(str(self._given["targets"].base / file) for file in files)),
            "dns": tuple(dict.fromkeys(self._values.several("dns"))),
            "dns_server": self._values.one("dns_server") if "dns_server" in self._given else "",
        }

    def _check_peer(self, setting: str, url: str) -> None:
        if url.startswith("http:") and not values.is_loopback(values.host_of(url)):
            try:
                listeners.require_cleartext_is_meant(url, allow_cleartext=self._values.one("allow_cleartext"))
            except ValueError as error:
                raise self._values.wrong(setting, str(error)) from None

    def _local_groups(self) -> tuple[int, ...] | None:
        if "local_groups" not in self._given:
            return None
        return self._values.joined("local_groups")

    def _rules(self) -> tuple[AccessRule, ...]:
        given = self._given.get("rule")
        return access_rules.rules_of(given.texts, given.where) if given else ()

    def _acting(self) -> dict[str, frozenset[str]]:
        try:
            return by_name(self._values.several("acting"))
        except ValueError as error:
            raise self._values.wrong("acting", str(error)) from None

    def _oidc(self) -> dict[str, Any]:
        if incomplete := oidc_settings.why_incomplete(self._given):
            raise self._values.wrong(*incomplete)
        single = {
            name: self._values.one(name) for name in ("oidc_issuer", "oidc_keys", "oidc_groups") if name in self._given
        }
        algorithms = self._values.joined("oidc_algorithms")
        listed = {"oidc_audience": tuple(self._values.several("oidc_audience")), "oidc_algorithms": algorithms}
        singly = {name: self._values.one(name) for name in single if name in self._given}
        return singly | listed | {"oidc_ca": self._values.path("oidc_ca")}

    def _client_certificate(self, tls: tls_files.TlsFiles) -> ClientCertificate:
        if "client_certificate" not in self._given:
            return "required" if tls.ca else "optional"
        asked: ClientCertificate = self._values.one("client_certificate")
        if asked == "required" and tls.ca is None:
            raise self._values.wrong("client_certificate", "needs an authority to check against: give certs or tls_ca")
        return asked

    def _timezone(self) -> tzinfo:
        if "timezone" in self._given:
            zone: tzinfo = self._values.one("timezone")
            return zone
        try:
            return timezones.of_machine(self._environ)
        except ValueError as error:
            raise ConfigError("TZ", f"{error}; or give --timezone") from None

    def _of_roots(self, name: str, roots: Sequence[Path]) -> dict[Path, Any]:
        """Return values by the absolute path of their root."""
        if name not in self._given:
            return {}
        try:
            return of_roots(self._values.several(name), self._given[name].base, roots)
        except ValueError as error:
            raise self._values.wrong(name, str(error)) from None

    def _root_names(self, roots: Sequence[Path]) -> dict[Path, str]:
        try:
            return names_of(roots, self._of_roots("root_name", roots))
        except ValueError as error:
            raise self._values.wrong("root", str(error)) from None
