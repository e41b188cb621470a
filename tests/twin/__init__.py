"""The object twin: five stages of the quarter written again with plain `mesa.Agent` objects, floats and loops.

It is the executable specification of firm planning (stage 6), the labour market (7), homes (8), production (10) and
the settlement of firms (12), and the baseline of the benchmark. It shares with the engine the tables, the draws and
what the other stages do, and no rule. Read `economy`, then `planning`, `labour`, `residence`, `production` and
`settlement`; what one firm or one person does alone is in `firm` and `person`; `feed` runs both side by side.
"""

from __future__ import annotations
