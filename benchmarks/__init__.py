"""What the README claims about speed, cost and quality, each by one command that takes --json."""
