"""What the city is, wants and has.

Edited by departments (requests/) and cloud operations (city/, environments.yaml). In: YAML files. Out: the city
(`inventory.model`), the addresses (`inventory.addressing`), the estate (`inventory.estate`) and configuration
rendered from it. Imports no other room. Read next: `inventory.model`, then `inventory.estate`.
"""
