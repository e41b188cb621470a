"""Sweeps: studies, their durable store, and the workers that fill it."""
