"""A delivery looked at before it is handed over: every problem by table, column, rule and row, and never a value."""
