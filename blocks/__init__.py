"""Where connections and credentials live: Prefect blocks, editable in its UI."""
