"""`aeontel`: every command. Modules are imported inside the commands, so that `--help` stays fast."""

import typer

from images_app.cli import backup, cloudflare, doctor, keys, server, token, user

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("serve")(server.serve)
app.command("build")(server.build)
app.command("migrate")(server.migrate)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(cloudflare.app, name="cloudflare")
app.add_typer(keys.app, name="keys")
