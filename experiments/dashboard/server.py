"""Streamlit itself, started so that the server asks no other host either."""

from __future__ import annotations

import sys

from streamlit import net_util
from streamlit.web import cli


def main() -> None:
    """Run the command line of Streamlit on our arguments.

    On an address that other machines reach, and at every web socket from a foreign origin, Streamlit 1.67 asks an
    outside service for its own public address, and no setting forbids it. A known answer keeps it from asking.
    """
    net_util._external_ip = "127.0.0.1"
    cli.main(sys.argv[1:], prog_name="streamlit")


if __name__ == "__main__":
    main()
