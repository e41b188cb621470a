"""The proof of the engine: luck, scale, emergent facts, and whether the agents matter (`dianzhong prove NAME`)."""
