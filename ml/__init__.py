"""Statistics on data frames: duration until restoration, and need at intake. Knows nothing of flows, Prefect or dbt."""
