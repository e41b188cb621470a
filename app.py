"""For a checkout: `streamlit run app.py`. Installed, `dianzhong app` starts the same."""

from experiments.dashboard.main import main

main()
