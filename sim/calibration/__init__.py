"""The data of the New Area: validated tables, read once and never changed."""
