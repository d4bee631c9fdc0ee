"""What is measured, one file a part: how, and what the page says about it."""
