"""How Mage's connectors and ours come into one environment."""

from __future__ import annotations

# What Mage's base classes and its PostgreSQL destination import; the whole of Mage's connectors needs 160 packages.
PACKAGES = "singer-python pandas requests pyyaml python-dateutil simplejson psycopg2-binary sshtunnel paramiko<4"
STEPS = {
    "ours first": [["{wheel}"], PACKAGES.split(), ["--no-deps", "{mage}"]],
    "Mage first": [PACKAGES.split(), ["--no-deps", "{mage}"], ["{wheel}"]],
}
