"""An error on a page becomes a card with a code; the traceback goes to the log, never to the page."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from experiments.dashboard.words import Words
from sim.errors import InputError

log = logging.getLogger("dianzhong.app")


@contextmanager
def card(words: Words) -> Iterator[None]:
    """Turn an exception inside the block into an error card; Streamlit's own control flow passes through."""
    try:
        yield
    except (RerunException, StopException):
        raise
    except InputError as error:
        st.error(words("lab.refused"))
        st.code(str(error), language=None)
    except Exception:
        code = f"E-{secrets.token_hex(2).upper()}"
        log.exception("%s: a page failed", code)
        st.error(words("guard.failed", code=code))
