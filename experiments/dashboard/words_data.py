TEXT: dict = {}
GROUPS = {}
