"""Stands in for Mage's package `mage_integrations` where Mage is not installed.

The import hook serves this folder under that name, so its tree and its names are the documented
ones of Mage. Only what the commercetools source is built on, and says in public, is here.
"""
