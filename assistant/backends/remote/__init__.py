"""Model servers over HTTP that speak OpenAI's wire: a network's own, and those on this machine."""
