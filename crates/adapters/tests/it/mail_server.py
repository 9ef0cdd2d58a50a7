"""A mail server for one test: STARTTLS, AUTH, and each message on standard output as JSON, as Python reads it."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        html = mail.get_body(("html",))
        print(json.dumps({
            "tls": session.ssl is not None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in mail.items()},
            "defects": sum(len(part.defects) for part in mail.walk()),
            "text": mail.get_body(("plain",)).get_content().replace("\r\n", "\n"),
            "html": html and html.get_content().replace("\r\n", "\n"),
        }))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"robot", b"s3cret/pw"), handled=False)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[1])

    def server():
        return SMTP(Handler(), tls_context=context, require_starttls=True, authenticator=authenticate,
                    auth_required=True)

    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


asyncio.run(main())
