"""Instruments of the 2020 document: each turns a lever into terms on offer, and says what it costs."""
