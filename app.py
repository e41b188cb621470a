from experiments.dashboard.main import main  # streamlit run app.py, in a checkout; installed: dianzhong app
main()
