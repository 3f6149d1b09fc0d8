"""The use case: propose, then send; domain and ports only."""
