"""Python with OpenStack's clients in it: a line of JSON with an expression comes in, a line of
JSON with what became of it goes out. What a client prints does not get between the lines."""

import contextlib
import io
import json
import logging
import sys


def openstack(*arguments):
    """One run of the command line: its exit code, what it said and what it complained."""
    from openstackclient import shell

    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code = shell.main(list(arguments))
        except SystemExit as end:
            code = end.code
    # Each run adds its own, and they would write to the streams of a run that is over.
    logging.getLogger().handlers.clear()
    return {"code": code or 0, "out": said.getvalue(), "err": complained.getvalue()}


def plain(value):
    """What JSON does not know: resources are dictionaries, generators are lists."""
    if hasattr(value, "to_dict"):
        return value.to_dict(computed=False)
    return list(value)


def serve(lines, answers):
    names = {"openstack": openstack}
    for line in lines:
        try:
            answer = {"done": eval(json.loads(line), names)}
            text = json.dumps(answer, default=plain)
        except Exception as error:
            text = json.dumps({"failed": f"{type(error).__name__}: {error}"})
        print(text, file=answers, flush=True)


serve(sys.stdin, sys.stdout)
