"""An error on a page becomes a card with a code; the traceback goes to the log, never to the page."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from experiments.dashboard.words import Words
from sim.errors import InputError

log = logging.getLogger("dianzhong.app")


def code_of(trace: str) -> str:
    """Return the code of an error: the same traceback has the same code, so that two reports are known to be one."""
    return f"E-{sha256(trace.encode()).hexdigest()[:6].upper()}"


@contextmanager
def card(words: Words) -> Iterator[None]:
    """Turn an exception inside the block into an error card; Streamlit's own control flow passes through."""
    try:
        yield
    except (RerunException, StopException):
        raise
    except InputError as error:
        st.error(words("lab.refused"))
        st.code(str(error), language=None, wrap_lines=True)
    except Exception:
        code = code_of(traceback.format_exc())
        log.exception("%s: a page failed", code)
        st.error(words("guard.failed", code=code))
