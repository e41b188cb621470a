"""The entry of the app: one frame, its pages, one service of answers for the whole server."""

from __future__ import annotations

import gc

import streamlit as st

from experiments.dashboard import frame, lab, session, sources
from experiments.dashboard.desk import Desk
from experiments.dashboard.guard import card, failed_click
from experiments.dashboard.link_words import problem_text
from experiments.dashboard.record import shown, switch_on
from experiments.dashboard.service import Answers, Ticket
from experiments.dashboard.words import Words
from experiments.provenance import data_sha256, version

# Streamlit leaves a band of six lines above a page and five letters beside it: the answer should be seen without them.
# It also cuts the title of a narrow card, of which the unit is the end. Its own sign of a running script, with a button
# to stop it, would stand beside our badge until an answer is whole.
STYLE = """
[data-testid=stMainBlockContainer] { padding-top: 3.5rem; padding-bottom: 2rem; }
@media (min-width: 900px) { [data-testid=stMainBlockContainer] { padding-left: 2.5rem; padding-right: 2.5rem; } }
[data-testid=stMetricLabel] :is(div, p) { white-space: normal; overflow: visible; text-overflow: clip; }
[data-testid=stStatusWidget]:has([data-testid=stStatusWidgetRunningIcon]) { display: none; }
"""


@st.cache_resource(show_spinner=False)
def answers() -> Answers:
    """Return the one service of this server: its workers stay warm for all sessions."""
    switch_on()
    return Answers()


@st.cache_resource(show_spinner=False)
def tidy() -> None:
    """Set aside what is in memory once a page has been drawn: libraries and tables never become garbage.

    A full collection looks at all objects there are and stops every thread meanwhile, for longer than a page takes.
    """
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def words_of(language: str) -> Words:
    """Return the texts of a language."""
    return Words(language)


def main() -> None:
    """Draw the frame and the page that was asked for."""
    if "session_id" not in st.session_state:
        st.session_state.session_id = answers().new_session()
    session.history()
    words = words_of(session.LANGUAGES[st.session_state.language])
    st.set_page_config(page_title=words("app.title"), layout="wide")
    tongue = "zh-CN" if words.language == "zh" else "en"
    st.html(
        f"<style>{STYLE}</style><script>document.documentElement.lang='{tongue}'</script>", unsafe_allow_javascript=True
    )
    on_lab = [True]
    asked: list[Ticket] = []  # stays empty if the question could not even be asked, which a card has said by then

    def lab_page() -> None:
        for ticket in asked:
            with shown(ticket) as found:
                lab.page(words, desk, answers(), found)

    def data_page() -> None:
        sources.render(words)

    pages = [
        st.Page(lab_page, title=words("nav.lab"), url_path="lab", default=True),
        st.Page(data_page, title=words("nav.data"), url_path="sources"),
    ]
    chosen = st.navigation(pages, position="top")
    on_lab[0] = chosen is pages[0]
    if on_lab[0]:
        with card(words):  # before the frame is drawn, so that the model runs meanwhile
            asked.append(answers().ask(st.session_state.session_id, session.history().now.plan()))
    desk = Desk()
    with card(words):
        desk = frame.draw(words, on_lab[0])
        failed_click(words)
        _banners(words)
    with card(words):
        chosen.run()
    st.markdown(words("foot", version=version(), data=data_sha256()[:8]))
    tidy()


def _banners(words: Words) -> None:
    problems = st.session_state.get("link_problems") or []
    if problems:
        lines = "\n".join(f"- {problem_text(words, problem)}" for problem in problems)
        st.warning(words("link.bad", n=len(problems)) + "\n\n" + lines)
    made = st.session_state.get("link_version")
    if made and made != version():
        st.warning(words("link.version", old=made, new=version()))


if __name__ == "__main__":
    main()
