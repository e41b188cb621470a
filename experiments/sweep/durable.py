"""Files that survive a crash: written under a hidden name, fsynced, renamed, and the folder fsynced; lines that are
appended whole. Whatever the disk refuses becomes a StorageError in plain words.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from experiments.errors import StorageError

SUFFIX = ".tmp"
_ATTEMPTS = 3
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would end lines in its own way
_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EROFS: "the disk is read-only; make it writable",
    errno.EACCES: "the folder may not be written; change its permissions",
    errno.EPERM: "the folder may not be written; change its permissions",
    errno.EIO: "the disk reports an error; check the disk",
    errno.ENOENT: "the folder has vanished; put it back",
}


class Output:
    """A file being written: what the writers of CSV, XLSX and Parquet need, with every byte through one door."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._length = 0

    def write(self, data: bytes) -> int:
        """Write all bytes."""
        _write_all(self._descriptor, data)
        self._digest.update(data)
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        """Return the number of bytes written so far."""
        return self._length

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    @property
    def sha256(self) -> str:
        """Return the sha256 of what was written so far."""
        return self._digest.hexdigest()


def sha256(data: bytes) -> str:
    """Return the sha256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; StorageError if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"{path}: is missing") from None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror or error})") from error


def write_file(path: Path, data: bytes) -> str:
    """Write a file durably, replacing an older one at once; return its sha256.

    A second session that starts on the same folder removes hidden files, perhaps this one: then it is written again.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with _replacing(path) as output:
                output.write(data)
        except FileNotFoundError as error:
            if attempt + 1 == _ATTEMPTS or not path.parent.is_dir():
                raise failure(path, error) from error
        except OSError as error:
            raise failure(path, error) from error
        else:
            return output.sha256
    raise AssertionError("unreachable: every attempt returns or raises")


@contextmanager
def replacing(path: Path) -> Iterator[Output]:
    """Yield an open file that becomes `path` if the block ends well, and leaves no trace if it does not."""
    try:
        with _replacing(path) as output:
            yield output
    except OSError as error:
        raise failure(path, error) from error


@contextmanager
def _replacing(path: Path) -> Iterator[Output]:
    hidden, descriptor = _open_hidden(path)
    try:
        try:
            output = Output(descriptor)
            yield output
            _fsync(descriptor)
        finally:
            os.close(descriptor)
        hidden.replace(path)
    finally:
        with suppress(OSError):
            hidden.unlink()
    sync_folder(path.parent)


def append_line(path: Path, line: str) -> None:
    """Append one line in one write and fsync it. A line that a crash cut short before it is ended first.

    If the disk refuses, what was written of the line is cut off again as far as possible, and StorageError raised.
    """
    if "\n" in line:
        raise ValueError("a line of a log holds no line break")
    try:
        existed = path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and _last_byte(descriptor) != b"\n"
            try:
                _write_all(descriptor, ("\n" * torn + line + "\n").encode())
                _fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if not existed:
            sync_folder(path.parent)
    except OSError as error:
        raise failure(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably."""
    if path.is_dir():
        return
    try:
        missing = [path, *(above for above in path.parents if not above.exists())]
        path.mkdir(parents=True, exist_ok=True)
        for made in missing:
            sync_folder(made.parent)
    except OSError as error:
        raise failure(path, error) from error


def remove_temporaries(folder: Path) -> list[str]:
    """Remove hidden files that a crash left behind; return their names."""
    removed = []
    for path in sorted(folder.glob(f".*{SUFFIX}")):
        with suppress(OSError):
            path.unlink()
            removed.append(path.name)
    return removed


def move_aside(path: Path, folder: Path) -> Path:
    """Move a damaged file into a folder, under a number that is still free; return where it is now."""
    make_folder(folder)
    number = 0
    while (target := folder / f"{path.name}.{number}").exists():
        number += 1
    try:
        path.rename(target)
        sync_folder(path.parent)
        sync_folder(folder)
    except OSError as error:
        raise failure(path, error) from error
    return target


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; where a folder cannot be opened (Windows), there is nothing to do."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _fsync(descriptor)
    finally:
        os.close(descriptor)


def failure(path: Path, error: OSError) -> StorageError:
    """Return the StorageError that says in plain words what the system said, and what to do."""
    reason = _REASONS.get(error.errno or 0, f"{error.strerror or error}; see to it")
    return StorageError(f"{path}: cannot be written: {reason} and start again; everything finished is kept")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[_write(descriptor, left) :]


def _write(descriptor: int, data: bytes | memoryview) -> int:
    """Write some bytes; tests put failures of the disk here."""
    return os.write(descriptor, data)


def _fsync(descriptor: int) -> None:
    """Make a file or folder durable; tests put failures of the disk here."""
    os.fsync(descriptor)


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)


def _open_hidden(path: Path) -> tuple[Path, int]:
    """Make a new hidden file beside `path`; unlike those of `tempfile` it can be read by colleagues."""
    for number in count():
        hidden = path.with_name(f".{path.name}.{os.getpid()}-{number}{SUFFIX}")
        with suppress(FileExistsError):
            return hidden, os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    raise AssertionError("unreachable: some number is free")
