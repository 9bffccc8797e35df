"""WaterCrawl: web searches."""
