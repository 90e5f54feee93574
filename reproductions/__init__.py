"""Published results done again: `make reproduce-uci` and its like write docs/reproductions.md."""
