"""The one composition root: settings in, a house with every room connected out."""
