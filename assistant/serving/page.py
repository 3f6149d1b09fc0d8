"""The one page: a terminal and nothing from elsewhere; what textual-serve ships with would ask a font of a stranger."""

from html import escape

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {websocket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Styles within the page are the terminal's own: it sets the colour of each cell that way."""

STYLE = """
@font-face { font-family: "Roboto Mono"; src: url("/static/fonts/RobotoMono-VariableFont_wght.ttf"); }
html, body { margin: 0; height: 100%; background: #121212; color: #e0e0e0; font-family: "Roboto Mono", monospace; }
#terminal { position: absolute; inset: 0; }
.closed-dialog { display: none; }
body.-closed #terminal { display: none; }
body.-closed .closed-dialog { display: block; padding: 2em; }
"""


def headers(websocket: str) -> dict[str, str]:
    """What goes with every answer; `websocket` is the address that the page may connect to."""
    return {name: value.replace("{websocket}", websocket) for name, value in HEADERS.items()}


def page(websocket: str, font_size: int) -> str:
    """The terminal's page; `font_size` in pixels."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>assistant</title>
<link rel="stylesheet" href="/static/css/xterm.css">
<style>{STYLE}</style>
<script src="/static/js/textual.js"></script>
</head>
<body>
<div class="closed-dialog">The chat has ended; everything is kept. Load this page again to go on.</div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{escape(websocket)}" data-font-size="{font_size}"></div>
</body>
</html>
"""


def refusal(why: str) -> str:
    """What is read by who is not let in."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>assistant</title></head>
<body><p>{escape(why)}</p></body></html>
"""
