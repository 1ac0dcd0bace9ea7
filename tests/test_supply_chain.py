"""What is installed with CardioV: licences that it may be shipped with, checksums, known weaknesses."""

import re
import subprocess
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

# Why a package whose licence is not told by its metadata, or needs a word, may be used.
REASONS = {
    "axe-playwright-python": "MIT (its own file), with axe-core under MPL-2.0; tests alone",
    "psycopg": "LGPL-3.0: used as a library that anybody can replace, changed nowhere",
    "psycopg-binary": "LGPL-3.0, as psycopg",
}

# Licences that the whole program would have to be under; LGPL and MPL ask that of their own files alone.
_COPYLEFT = re.compile(r"(?<![LM])(?:A?GPL|\bEUPL|\bSSPL|AFFERO|(?<!LESSER )GENERAL PUBLIC LICENSE)", re.IGNORECASE)
_WEAK = re.compile(r"LGPL|LESSER GENERAL", re.IGNORECASE)


def stated_licence(package: Distribution) -> str:
    """Everything that a package's metadata says of its licence, on one line; without the texts that some put there."""
    metadata = package.metadata
    classifiers = [item.rpartition(" :: ")[2] for item in metadata.get_all("Classifier") or [] if "License" in item]
    lines = [metadata.get("License-Expression") or "", *classifiers, (metadata.get("License") or "").partition("\n")[0]]
    return "; ".join(line.strip() for line in lines if line.strip())


def fault(name: str, licence: str) -> str:
    """Why a package may not be used; empty for one that may."""
    if _COPYLEFT.search(licence) and not re.search(r"\bOR\b", licence):
        return f"{name}: {licence}"
    if (not licence or _WEAK.search(licence)) and name not in REASONS:
        return f"{name}: {licence or 'states no licence'}; say in REASONS why it may be used"
    return ""


def _pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {_spelled(name): version for name, version in found}


def _spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed(wanted: list[Requirement]) -> set[str]:
    """Names of packages and of all that they ask for in turn, as far as they are installed here."""
    needed: set[str] = set()
    done: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        if str(requirement) in done:
            continue
        done.add(str(requirement))
        needed.add(_spelled(requirement.name))
        try:
            asked = distribution(requirement.name).requires or []
        except PackageNotFoundError:
            continue
        extras = requirement.extras or {""}
        wanted.extend(
            each
            for each in map(Requirement, asked)
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
        )
    return needed


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False),
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("GNU General Public License v2 (GPLv2)", True),
        ("MIT OR GPL-2.0-only", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", False),
        ("LGPL-3.0-only", True),
        ("", True),
    ],
)
def test_the_check_can_fail(licence: str, refused: bool) -> None:
    assert bool(fault("some-package", licence)) is refused


def test_no_package_binds_cardiov_to_its_own_licence(repository: Path) -> None:
    wanted = _pins(repository / "constraints.txt")
    installed = {_spelled(package.metadata["Name"]): package for package in distributions()}
    checked = {name: package for name, package in installed.items() if name in wanted}
    assert len(checked) > 0.9 * len(wanted)
    assert not [
        fault(name, stated_licence(package))
        for name, package in checked.items()
        if fault(name, stated_licence(package))
    ]
    assert set(REASONS) <= set(wanted)


def test_the_lock_is_of_these_versions_and_leaves_no_package_without_checksum(repository: Path) -> None:
    text = (repository / "deploy" / "requirements.lock").read_text(encoding="utf-8")
    locked, known = _pins(repository / "deploy" / "requirements.lock"), _pins(repository / "constraints.txt")
    assert not {name: version for name, version in locked.items() if known.get(name, version) != version}
    # What the lock has alone are the libraries of graphics cards, which the tests' torch comes without.
    alone = {name for name in set(locked) - set(known) if not name.startswith(("nvidia-", "cuda-"))}
    assert alone <= {"triton", "setuptools"}
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE))
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in text


def test_the_lock_has_every_package_that_an_installation_needs(repository: Path) -> None:
    """Otherwise the image is built and no command of it runs: `make lock` writes it anew."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["postgres"], *extras["dicom"]]
    needed = _needed([Requirement(each) for each in wanted])
    assert needed > {_spelled(Requirement(each).name) for each in wanted}
    # torch alone asks for other libraries with another build.
    locked = set(_pins(repository / "deploy" / "requirements.lock"))
    assert {name for name in needed - locked if not name.startswith(("nvidia-", "cuda-"))} == set()


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("echo 'No known vulnerabilities found'", 0, "No known"),
        ("echo 'Found 2 known vulnerabilities in 1 package'; exit 1", 1, "Found 2"),
        ("echo 'ConnectionError: away'; exit 1", 2, "cannot be reached"),
        ("echo 'click  Dependency not found and could not be audited'", 2, "knows nothing about 1 packages"),
    ],
)
def test_the_audit_says_when_it_knows_nothing(
    script: str, code: int, said: str, repository: Path, tmp_path: Path
) -> None:
    tool = tmp_path / "pip-audit"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    done = subprocess.run(
        ["sh", str(repository / "deploy" / "audit.sh"), str(tool)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert said in done.stdout + done.stderr
