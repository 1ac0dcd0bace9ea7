"""What a hospital installs: image, services, unit and steps say what the docs promise."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def services(repository: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((repository / "compose.yaml").read_text(encoding="utf-8"))["services"])


def test_the_app_of_the_containers_has_no_rights_and_no_door_of_its_own(services: dict[str, Any]) -> None:
    app = services["app"]
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert "ports" not in app
    arrivals = services["arrivals"]
    assert arrivals["read_only"] is True
    assert arrivals["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in arrivals["ports"])
    assert "ports" not in services["database"]
    assert services["proxy"]["ports"] == ["443:443", "80:80"]
    assert set(services["database"]["networks"]) == {"inside"}


def test_what_the_docs_let_an_installation_set_reaches_the_containers(services: dict[str, Any]) -> None:
    for name in ("app", "arrivals"):
        assert services[name]["env_file"] == [".env"]
        assert services[name]["environment"]["CARDIOV_DATABASE_URL"].endswith("/${POSTGRES_DATABASE:-cardiov}")
    # A back-up has a place on a file system that is read-only, and the check of health asks what the container runs.
    assert services["app"]["volumes"] == ["./backups:/backups"]
    assert "11112" in str(services["arrivals"]["healthcheck"]["test"])


def test_what_lies_beside_the_services_is_never_committed(repository: Path) -> None:
    ignored = (repository / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/.env", "/secrets.toml", "/arrivals/", "/backups/", "/certificates/"} <= set(ignored)


def test_the_image_runs_as_nobody_and_looks_after_itself(repository: Path) -> None:
    lines = (repository / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last_stage = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001" in last_stage
    assert any(line.startswith("HEALTHCHECK") for line in last_stage)
    copied = {
        part for line in lines if line.startswith("COPY ") and "--from" not in line for part in line.split()[1:-1]
    }
    assert all((repository / name).exists() for name in copied)
    kept = (repository / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {name for name in copied if f"!{name.split('/')[0]}" not in {k.split("/")[0] for k in kept}} == set()


def test_the_image_file_keeps_the_rules_of_linters(repository: Path) -> None:
    """The rules of hadolint that matter here, by their numbers; `make image-lint` runs hadolint itself."""
    text = (repository / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    # DL3006, DL3007: a base with a version that is not the latest one.
    assert all(re.fullmatch(r"[\w./-]+:\d[\w.-]*", base) for base in bases)
    # DL3020: no ADD; DL3004: no sudo; DL3000: WORKDIR is absolute; DL3025: arguments as JSON.
    assert not [line for line in lines if line.startswith("ADD ") or "sudo" in line]
    assert all(line.split()[1].startswith("/") for line in lines if line.startswith("WORKDIR"))
    assert all(re.match(r"(CMD|ENTRYPOINT) \[", line) for line in lines if line.startswith(("CMD", "ENTRYPOINT")))
    # DL3066: a user by number; DL3012: one health check; DL3024: each stage under its own name.
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]
    assert len([line for line in lines if line.startswith("HEALTHCHECK")]) == 1
    assert sum(" AS " in line for line in lines) == len(bases) - 1


def test_no_password_stands_in_the_files(repository: Path) -> None:
    for name in ("compose.yaml", "Dockerfile", "deploy/cardiov.service", "deploy/Caddyfile"):
        text = (repository / name).read_text(encoding="utf-8")
        assert not re.search(r"(?i)(password|secret)\w*[:=] *[a-z0-9]{6,}", text), name


def test_the_proxy_keeps_the_sign_in_within_tls(repository: Path) -> None:
    """Streamlit marks its cookies by how it is asked itself, which is without TLS."""
    proxy = (repository / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    assert 'header_down Set-Cookie "(.*)" "$1; Secure"' in proxy
    assert "Strict-Transport-Security" in proxy


def test_the_unit_listens_to_its_computer(repository: Path) -> None:
    unit = (repository / "deploy" / "cardiov.service").read_text(encoding="utf-8")
    assert "--server.address 127.0.0.1" in unit
    assert "NoNewPrivileges=yes" in unit


def test_the_unit_finds_its_sign_in_although_it_has_no_home(repository: Path) -> None:
    unit = (repository / "deploy" / "cardiov.service").read_text(encoding="utf-8")
    assert "LoadCredential=secrets.toml:/etc/cardiov/secrets.toml\n" in unit
    # Without the file the service starts, and its pages stay closed.
    assert "SetCredential=secrets.toml:#" in unit
    assert "--secrets.files ${CREDENTIALS_DIRECTORY}/secrets.toml\n" in unit


def test_an_environment_that_is_there_is_left_alone(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    done = subprocess.run(
        ["sh", str(repository / "deploy" / "install.sh"), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "already" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--locked",)])
def test_the_steps_of_the_image_install_what_runs(how: tuple[str, ...], repository: Path, tmp_path: Path) -> None:
    """With and without checksums; those of the image need six gigabytes and ten minutes."""
    target = tmp_path / "cardiov"
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CARDIOV_", "PYTHON"))}
    subprocess.run(
        ["sh", str(repository / "deploy" / "install.sh"), str(target), *how],
        check=True,
        env={**bare, "PYTHON": sys.executable},
        timeout=3600,
    )
    # It loads grader, delineator and findings, and makes a database.
    done = subprocess.run(
        [str(target / "bin" / "cardiov"), "doctor"],
        cwd=tmp_path,
        env={**bare, "XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is right, default" in done.stdout
