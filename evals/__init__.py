"""Questions a site owner asks, the facts a right answer contains, and who can answer them."""
