"""All faults of settings are told at once, and no fault that another one only brings with it."""

from __future__ import annotations

from pathlib import Path

from logagent.config.every_fault import settings_and_faults


def faults_of(directory: Path, text: str, flags: dict[str, list[str]] | None = None, **environ: str) -> list[str]:
    file = directory / "logagent.toml"
    file.write_text(text)
    settings, faults = settings_and_faults(flags or {}, environ, host="web-1", file=str(file))
    if not faults:
        assert settings is not None
    return [str(fault).replace(f"{directory}/", "") for fault in faults]


def test_settings_without_a_fault_are_those_that_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "logagent.toml").write_text(f'root = "{tmp_path}"\nmax_files = 7\n')
    settings, faults = settings_and_faults({}, {}, host="web-1", file=str(tmp_path / "logagent.toml"))
    assert settings is not None
    assert (settings.max_files, faults) == (7, [])


def test_each_place_may_have_some(tmp_path: Path) -> None:
    text = f'root = "{tmp_path}"\nrott = 1\nmax_files = "many"\npatience = [1]\ngraceful = "soon"\n'
    found = faults_of(tmp_path, text, {"max_time": ["never"]}, LOGAGENT_MAX_BYTES="x", LOGAGENT_RULE="y")
    assert len(found) == 7
    told = "\n".join(found)
    for word in ("rott", "max_files", "patience", "graceful", "--max-time", "LOGAGENT_MAX_BYTES", "LOGAGENT_RULE"):
        assert told.count(word) == 1, word


def test_a_missing_certificate_is_one_fault(tmp_path: Path) -> None:
    text = f'root = "{tmp_path}"\ncerts = "none"\nclient_certificate = "required"\ntls_crl = "x"\nmax_files = 0\n'
    found = faults_of(tmp_path, text)
    assert len(found) == 2
    assert "ca.pem does not exist" in found[0]
    assert "max_files" in found[1]


def test_a_missing_root_is_one_fault(tmp_path: Path) -> None:
    text = 'root = ["none"]\nmax_files = 0\n[root_timezone]\n"none" = "UTC"\n'
    found = faults_of(tmp_path, text)
    assert found[0].endswith("none is not a directory")
    assert len(found) == 2


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    assert "is not TOML" in faults_of(tmp_path, "x =")[0]
    _, faults = settings_and_faults({}, {}, host="web-1", file=str(tmp_path / "none"))
    assert "cannot be read" in str(faults[0])


def test_rules_may_be_wrong(tmp_path: Path) -> None:
    found = faults_of(tmp_path, f'root = "{tmp_path}"\nmax_files = 0\n[[rule]]\nwho = "x"\naccess = "maybe"\n')
    assert len(found) == 2
