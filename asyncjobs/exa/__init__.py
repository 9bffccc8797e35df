"""Exa: Websets (searches and enrichments) and Agent runs."""
