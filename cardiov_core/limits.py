"""Every limit on what strangers send, in one place; environment variables `CARDIOV_MAX_...` change them."""

import os
from functools import lru_cache

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cardiov_core.errors import ConfigurationError

PREFIX = "CARDIOV_MAX_"
"""What the names of the environment variables begin with."""

_MIB = 1024**2


class Limits(BaseSettings):
    """The limits in force. Their environment variable is `CARDIOV_MAX_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    file_mib: PositiveFloat = Field(default=512, description="one file, and the samples that a header announces")
    cart_mib: PositiveFloat = Field(
        default=128, description="a file of a cart: parsing takes up to ten times as much memory"
    )
    xml_mib: PositiveFloat = Field(default=64, description="an XML document; those of carts measure 0.1 to 1 MiB")
    inflated_mib: PositiveFloat = Field(default=128, description="a deflated DICOM file when it is unpacked")
    unpacked_mib: PositiveFloat = Field(default=512, description="what one zip archive may grow to")
    archive_members: PositiveInt = Field(default=20_000, description="files in one zip archive")
    archive_ratio: PositiveInt = Field(
        default=200, description="times its size that an archive may grow to, beyond 1 MiB"
    )
    dropped_mib: PositiveFloat = Field(default=1024, description="what is dropped on a page at once")
    dropped_files: PositiveInt = Field(default=20_000, description="files that are dropped at once")
    dropped_archives: PositiveInt = Field(default=8, description="zip archives that are dropped at once")
    reader_cpu_s: PositiveInt = Field(default=30, description="processor time for reading one uploaded file")
    reader_s: PositiveInt = Field(default=120, description="time for reading one uploaded file")
    reader_mib: PositiveFloat = Field(default=2048, description="memory for reading one uploaded file")
    kept_s: PositiveFloat = Field(default=3600, description="how long an open ECG is kept for a reload of its page")
    browsers: PositiveInt = Field(default=40, description="browsers for which open ECGs are kept")


def limits() -> Limits:
    """Return the limits as the environment states them now.

    Raises
    ------
    ConfigurationError
        If a variable holds no number, or none above zero.
    """
    return _stated(tuple(sorted(item for item in os.environ.items() if item[0].startswith(PREFIX))))


def mib(amount: float) -> int:
    """Return MiB in bytes."""
    return int(amount * _MIB)


@lru_cache(maxsize=8)
def _stated(variables: tuple[tuple[str, str], ...]) -> Limits:
    try:
        return Limits()
    except ValidationError as error:
        raise wrong_variable(error, PREFIX, "Give a number above zero, or none at all.") from error


def wrong_variable(error: ValidationError, prefix: str, hint: str) -> ConfigurationError:
    """Return what is wrong with an environment variable whose name begins with `prefix`, and `hint`."""
    wrong = error.errors()[0]
    name = prefix + "".join(str(part) for part in wrong["loc"]).removeprefix(prefix.lower()).upper()
    return ConfigurationError(f"{name} is '{wrong['input']}': {wrong['msg'].lower()}.", hint)
