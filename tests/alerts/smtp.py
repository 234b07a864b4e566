#!/usr/bin/python3
"""Mails about alerts, to real mail servers on loopback: with TLS from the first byte, after
STARTTLS and without, with logins, and with all that they can refuse.

usage: smtp.py NOTIFY_PLAYER"""
import email
import email.policy
import logging
import ssl
import sys
import tempfile
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from notify_rig import Player, check, free_port, make_certificates, same

PASSWORD = "canary-password"


class Mailbox:
    """Takes mails, but for those to "450@…" and "550@…", and for as long as data says."""

    def __init__(self):
        self.mails, self.data = [], "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        code = address.split("@")[0]
        if code in ("450", "550"):
            return f"{code} {code[0]}.1.1 <{address}> secret-of-the-server"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.data.startswith("2"):
            self.mails.append(envelope)
        return self.data


def login(server, session, envelope, mechanism, data):
    good = data.login == b"dorad" and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


class Server:
    def __init__(self, folder, tls="starttls", logins=False, port=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/good.crt", f"{folder}/good.key")
        self.box, self.port = Mailbox(), port or free_port()
        options = {"auth_require_tls": True}
        if logins:
            options |= {"authenticator": login, "auth_required": True}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if tls == "implicit":
            options |= {"ssl_context": context, "auth_require_tls": False}
        self.controller = Controller(self.box, hostname="127.0.0.1", port=self.port, **options)
        self.controller.start()
        self.name = f"localhost:{self.port}"

    def close(self):
        self.controller.stop()


class Test:
    def __init__(self, program, folder):
        self.player, self.folder = Player(program, folder), folder
        self.password = self.player.secret("password", PASSWORD)

    def send(self, server, sample="lead time fired", **keys):
        keys = {"server": server, "ca_file": f"{self.folder}/ca.crt",
                "from": "dorad@example.org", "to": "a@example.org",
                "now": 1774700000} | keys
        return self.player.send("email", sample, **keys)

    # ---- what arrives ----

    def arrives(self):
        for tls in ("starttls", "implicit", "none"):
            server = Server(self.folder, tls)
            same(self.send(server.name, tls=tls, to="a@example.org,b@example.org"), "ok",
                 f"{tls}: sent")
            mail = server.box.mails[0]
            same(mail.mail_from, "dorad@example.org", f"{tls}: sender")
            same(mail.rcpt_tos, ["a@example.org", "b@example.org"], f"{tls}: recipients")
            server.close()
        self.reads(mail)

    @staticmethod
    def reads(envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        same(mail["Subject"],
             "Lead time for changes, payments: 2.1× longer since about 3 March", "subject")
        same(mail["From"], "dorad@example.org", "from")
        same(mail["Auto-Submitted"], "auto-generated", "nobody answers it by machine")
        same(mail["Date"].datetime.isoformat(), "2026-03-28T12:13:20+00:00", "date")
        text = mail.get_content()
        check("Median 19 h → 41 h, P85 70 h → 148 h (90 % range 1.4–3.0×)." in text, "body")
        check(text.rstrip().endswith("More: dorad alerts show 41"), "where to look")
        same(list(mail.defects), [], "no defects")

    def is_a_thread(self):
        server = Server(self.folder)
        for sample, version in (("lead time fired", 7), ("lead time worsened", 8),
                                ("lead time resolved", 9), ("lead time resolved", 9)):
            same(self.send(server.name, sample, version=version), "ok", f"version {version}")
        mails = [email.message_from_bytes(m.content, policy=email.policy.default)
                 for m in server.box.mails]
        ids = [mail["Message-ID"] for mail in mails]
        same(len(set(ids)), 3, "an id for each version, the same when sent again")
        same(len({mail["References"] for mail in mails}), 1, "one thread")
        same([mail["In-Reply-To"] == mail["References"] for mail in mails],
             [False, True, True, True], "the first begins it")
        server.close()

    def dots_and_names(self):
        server = Server(self.folder)
        same(self.send(server.name, "nasty names"), "ok", "nasty names: sent")
        mail = email.message_from_bytes(server.box.mails[0].content,
                                        policy=email.policy.default)
        same(mail["Bcc"], None, "nasty names: no header of theirs")
        same(len(mail.get_all("Subject")), 1, "nasty names: one subject")
        server.close()

    # ---- what is refused ----

    def trusts_whom_it_is_told(self):
        for tls in ("starttls", "implicit"):
            server = Server(self.folder, tls)
            for what, name, ca in (
                    ("another CA", server.name, "wrong_ca.crt"),
                    ("another host", f"127.0.0.1:{server.port}", "ca.crt")):
                said = self.send(name, tls=tls, ca_file=f"{self.folder}/{ca}")
                check(said.startswith(f"DENIED {name}: certificate not trusted: "),
                      f"{tls}: {what}: {said}")
            same(self.send(server.name, tls=tls, ca_file=f"{self.folder}/none.crt"),
                 f"CONFIG {server.name}: cannot read the CA file", f"{tls}: no CA")
            same(server.box.mails, [], f"{tls}: nothing was sent")
            server.close()

    def never_without_tls(self):
        server = Server(self.folder, "none")
        same(self.send(server.name), f"CONFIG {server.name}: offers no STARTTLS", "no STARTTLS")
        same(server.box.mails, [], "no STARTTLS: nothing was sent")
        said = self.send("mail.example.org:25", tls="none")
        check(said.startswith("CONFIG mail without TLS"), "not to others without TLS")
        server.close()

    def logs_in(self):
        server = Server(self.folder, logins=True)
        wrong = self.player.secret("wrong", "wrong-canary")
        same(self.send(server.name, username="dorad", password=self.password), "ok", "login")
        said = self.send(server.name, username="dorad", password=wrong)
        check(said.startswith(f"DENIED {server.name}: refused the login: 535"),
              f"wrong password: {said}")
        check("canary" not in said, "wrong password: not shown")
        said = self.send(server.name)
        check(said.startswith(f"DENIED {server.name}: refused the login: 530"),
              f"no login: {said}")
        same(len(server.box.mails), 1, "one mail came in")
        server.close()

    def tells_refusals(self):
        server = Server(self.folder)
        for to, said in (
                ("550@example.org", "DATA {}: refused to take mail: 550 5.1.1"),
                ("450@example.org", "RETRY {}: refused to take mail: 450 4.1.1"),
                ("450@example.org,550@example.org", "RETRY {}: refused to take mail: 450")):
            same(self.send(server.name, to=to), said.format(server.name), f"to {to}")
        for data, said in (("554 5.7.1 spam", "DATA {}: refused the mail: 554 5.7.1"),
                           ("452 4.3.1 full", "RETRY {}: refused the mail: 452 4.3.1")):
            server.box.data = data
            same(self.send(server.name), said.format(server.name), data)
        same(server.box.mails, [], "nobody got anything")
        server.close()

    def reaches_the_others(self):
        server = Server(self.folder)
        same(self.send(server.name, to="550@example.org,a@example.org,450@example.org"),
             "channel team: 2 of 3 recipients refused: no. 1 (550 5.1.1), no. 3 (450 4.1.1)\nok",
             "a dead mailbox, and one that is full")
        same([mail.rcpt_tos for mail in server.box.mails], [["a@example.org"]], "the other has it")
        server.close()

    def comes_back(self):
        port = free_port()
        same(self.send(f"localhost:{port}"),
             f"RETRY localhost:{port}: no connection: Connection refused", "away")
        server = Server(self.folder, port=port)
        same(self.send(server.name), "ok", "back")
        server.close()


def main():
    # Handshakes that we break off are what is wanted.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", DeprecationWarning)
    with tempfile.TemporaryDirectory(prefix="dorad-smtp-") as folder:
        make_certificates(folder)
        test = Test(sys.argv[1], folder)
        test.arrives()
        test.is_a_thread()
        test.dots_and_names()
        test.trusts_whom_it_is_told()
        test.never_without_tls()
        test.logs_in()
        test.tells_refusals()
        test.reaches_the_others()
        test.comes_back()


if __name__ == "__main__":
    main()
