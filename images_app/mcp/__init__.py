"""The gallery as tools for a language model (Model Context Protocol).

`tools` says what there is, `server` offers it to whichever transport, `http` is `/mcp` of our own server and `stdio` a
process on somebody's machine. All of them speak REST through `images_app.client`: what a tool may do is what its token
may do. See docs/mcp.md.
"""
