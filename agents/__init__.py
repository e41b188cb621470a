"""Populations of the laboratory: firms, talent, parks and government as columns."""

__project__ = "dianzhong"
