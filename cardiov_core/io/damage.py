"""The one place where whatever a decoder of others raises on a damaged file becomes an error in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from cardiov_core.errors import CardioVError, RecordFormatError

_HINT = "Copy the file again, or export it again from its source."


@contextmanager
def foreign_decoder(name: str, what: str = "", hint: str = _HINT) -> Iterator[None]:
    """Run a decoder that others wrote on a file that strangers wrote.

    Such decoders raise many kinds of errors on damaged files, Python's own `UnboundLocalError` among them (scipy's
    `loadmat`, on a class that it does not know). Whatever it is: the file is damaged, and the reader gets a message.
    """
    try:
        yield
    except CardioVError:
        raise
    except MemoryError as error:
        raise RecordFormatError(f"{name} is damaged: it announces more samples than memory holds.", hint) from error
    except Exception as error:
        raise damaged(name, error, what, hint) from error


def damaged(name: str, error: BaseException, what: str = "", hint: str = _HINT) -> RecordFormatError:
    """Return the error of a damaged file, with a decoder's own words in one line."""
    # pydicom appends the traceback to its messages.
    message = str(error).partition("\n")[0][:120].rstrip(". ")
    kind = f"damaged {what}" if what else "damaged"
    return RecordFormatError(f"{name} is {kind}: {type(error).__name__}: {message}.", hint)
