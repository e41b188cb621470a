"""Errors that end a command with a code of their own; what a user can mend is `sim.errors.InputError`."""

from __future__ import annotations

from sim.errors import InputError


class StorageError(RuntimeError):
    """Raised where results cannot be kept or are damaged. The exit code is 5."""


class ResumeError(InputError):
    """Raised where a sweep would go on with another study or other code than it began with. The exit code is 6."""
