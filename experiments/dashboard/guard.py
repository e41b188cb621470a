"""An error on a page becomes a card with a code; the traceback goes to the log, never to the page."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import ParamSpec

import streamlit as st
from streamlit.runtime.scriptrunner import RerunException, StopException

from experiments.dashboard.words import Words
from experiments.error_words import error_text
from sim.errors import InputError

Given = ParamSpec("Given")
log = logging.getLogger("dianzhong.app")


def code_of(trace: str) -> str:
    """Return the code of an error: the same traceback has the same code, so that two reports are known to be one."""
    return f"E-{sha256(trace.encode()).hexdigest()[:6].upper()}"


def careful(callback: Callable[Given, None]) -> Callable[Given, None]:
    """Guard what a click calls: it runs before the page, where no card can be drawn, so the page shows one later."""

    @wraps(callback)
    def guarded(*args: Given.args, **given: Given.kwargs) -> None:
        try:
            callback(*args, **given)
        except (RerunException, StopException):
            raise
        except Exception:
            st.session_state.failed_click = code = code_of(traceback.format_exc())
            log.exception("%s: a click failed", code)

    return guarded


def failed_click(words: Words) -> None:
    """Show a card for the click that led to this run, if it failed."""
    if code := st.session_state.pop("failed_click", None):
        st.error(words("guard.failed", code=code))


@contextmanager
def card(words: Words) -> Iterator[None]:
    """Turn an exception inside the block into an error card; Streamlit's own control flow passes through."""
    try:
        yield
    except (RerunException, StopException):
        raise
    except InputError as error:
        st.error(words("lab.refused"))
        st.code(error_text(error, words.language), language=None, wrap_lines=True)
    except Exception:
        code = code_of(traceback.format_exc())
        log.exception("%s: a page failed", code)
        st.error(words("guard.failed", code=code))
