#pragma once

/*
 * One mail at a time, handed to a mail server that takes it further (RFC 5321, RFC 6409).
 * TLS is 1.2 or newer, always verified, and left out nowhere but to loopback; neither
 * proxy nor netrc of the environment is used. A mail goes to those of its recipients that
 * the server takes; it is sent if there is one.
 */
#include <gio/gio.h>
#include <stdbool.h>

enum smtp_tls {
	SMTP_STARTTLS, /* required: a server that does not offer it gets nothing */
	SMTP_IMPLICIT, /* from the first byte on */
	SMTP_PLAIN,    /* to loopback alone */
};

struct smtp_mail {
	const char *server; /* "host:port"; without a port 587, 465 or 25 by tls */
	enum smtp_tls tls;
	const char *username, *password; /* NULL: nobody */
	const char *ca_file;		 /* NULL: the system's certificates */
	const char *from;		 /* addresses alone, without names */
	const char *const *to;
	gsize n_to;
	const char *message; /* header fields and body, lines end in CRLF */
	gsize message_size;
	GTimeSpan timeout; /* of all of it; 0: 1 minute */
	GCancellable *cancellable;
};

/* True once the server has taken the mail over for one recipient or more. *refused: which
 * it has not, by their places from 1, and its codes: "1 of 3 recipients refused: no. 2
 * (550 5.1.1)"; NULL: none. The caller frees. It is not sent to them later. RETRY where
 * the network, TLS's transport or the server fails for now (4yz); DENIED for a
 * certificate that is not to be trusted and a login that is refused; DATA where the
 * server refuses the sender, all recipients or the mail for good (5yz); CONFIG for what
 * cannot be asked, and a server without STARTTLS; CANCELLED. *unsure: it failed, and the
 * mail may have arrived all the same. Messages name the server and its code, never an
 * address, its words or a secret. */
bool smtp_send(const struct smtp_mail *mail, char **refused, bool *unsure,
	       GError **error);

/* Does all that comes before a mail, TLS and login, and leaves with NOOP and QUIT. Of the
 * mail only server, tls, login, certificates and limits are looked at. Errors are as
 * above. */
bool smtp_greet(const struct smtp_mail *mail, GError **error);

/* True for what may stand in an envelope: printable ASCII with one @ or more, neither
 * spaces nor <>. */
bool smtp_is_address(const char *text);
