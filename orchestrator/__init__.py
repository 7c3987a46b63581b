"""What decides: which photos, which configurations, which work is missing, and what the results say."""
