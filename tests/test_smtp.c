/* A mail server that says what the script says, line for line, and then no more. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/smtp.h"

#define MESSAGE "Subject: x\r\n\r\n.\r\n..two dots\r\n"

enum ending { HANG_UP, SAY_NOTHING };

struct server {
	const char *const *script;
	enum ending ending;
	GSocket *socket;
	GCancellable *stop;
	GThread *thread;
	GString *seen; /* the thread's while it runs */
	char *name;
};

static bool say(struct server *server, GSocket *client, const char *text)
{
	return g_socket_send(client, text, strlen(text), server->stop, NULL) ==
	       (gssize)strlen(text);
}

/* Up to the end of a line, or of a mail. */
static bool hear(struct server *server, GSocket *client, const char *end)
{
	gsize start = server->seen->len;
	char byte;

	do {
		if (g_socket_receive(client, &byte, 1, server->stop, NULL) != 1)
			return false;
		g_string_append_c(server->seen, byte);
	} while (!g_str_has_suffix(server->seen->str + start, end));
	return true;
}

static void talk(struct server *server, GSocket *client)
{
	for (gsize i = 0; server->script[i]; i++) {
		const char *end = i > 0 && g_str_has_prefix(server->script[i - 1], "354")
					  ? "\r\n.\r\n"
					  : "\r\n";

		/* The first is the greeting. */
		if (i > 0 && !hear(server, client, end))
			return;
		if (!say(server, client, server->script[i]))
			return;
	}
	if (server->ending == SAY_NOTHING)
		while (hear(server, client, "\r\n"))
			;
}

static gpointer serve(gpointer data)
{
	struct server *server = data;
	g_autoptr(GSocket) client = g_socket_accept(server->socket, server->stop, NULL);

	if (client) {
		talk(server, client);
		g_socket_close(client, NULL);
	}
	return NULL;
}

static void server_start(struct server *server)
{
	g_autoptr(GInetAddress)
		loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	server->stop = g_cancellable_new();
	server->seen = g_string_new(NULL);
	server->socket = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
				      G_SOCKET_PROTOCOL_DEFAULT, NULL);
	ck_assert(g_socket_bind(server->socket, address, FALSE, NULL) &&
		  g_socket_listen(server->socket, NULL));
	bound = g_socket_get_local_address(server->socket, NULL);
	server->name = g_strdup_printf(
		"127.0.0.1:%u",
		g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)));
	server->thread = g_thread_new("server", serve, server);
}

static void server_stop(struct server *server)
{
	g_cancellable_cancel(server->stop);
	if (server->thread)
		g_thread_join(g_steal_pointer(&server->thread));
}

static void server_clear(struct server *server)
{
	server_stop(server);
	g_object_unref(server->socket);
	g_object_unref(server->stop);
	g_string_free(server->seen, TRUE);
	g_free(server->name);
}

static const char *const recipients[] = { "a@example.org", "b@example.org" };

static struct smtp_mail mail_to(const char *server)
{
	return (struct smtp_mail){
		.server = server,
		.tls = SMTP_PLAIN,
		.from = "dorad@example.org",
		.to = recipients,
		.n_to = G_N_ELEMENTS(recipients),
		.message = MESSAGE,
		.message_size = strlen(MESSAGE),
		.timeout = 300 * G_TIME_SPAN_MILLISECOND,
	};
}

#define HELLO "220 x ESMTP\r\n", "250-x\r\n250 8BITMIME\r\n"

static const struct {
	const char *what;
	const char *script[9];
	enum ending ending;
	bool good;
	enum dora_error error;
	const char *message; /* of the error, or of who was refused */
	bool unsure;
} talks[] = {
	{ "all is well",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n",
	    "221 bye\r\n" },
	  HANG_UP,
	  true },
	{ "hangs up after it took the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n" },
	  HANG_UP,
	  true },
	{ "says nothing after it took the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n" },
	  SAY_NOTHING,
	  true },
	{ "hangs up at once", { NULL }, HANG_UP, false, DORA_ERROR_RETRY, NULL },
	{ "hangs up after its greeting",
	  { "220 x ESMTP\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "hangs up after ours", { HELLO }, HANG_UP, false, DORA_ERROR_RETRY, NULL },
	{ "hangs up after the sender",
	  { HELLO, "250 ok\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "hangs up after a recipient",
	  { HELLO, "250 ok\r\n", "250 ok\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "hangs up before the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "hangs up in the middle of the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL,
	  true },
	{ "says nothing at all",
	  { NULL },
	  SAY_NOTHING,
	  false,
	  DORA_ERROR_RETRY,
	  "no whole answer in time" },
	{ "says no more before the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n" },
	  SAY_NOTHING,
	  false,
	  DORA_ERROR_RETRY,
	  "no whole answer in time" },
	{ "says no more after the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n" },
	  SAY_NOTHING,
	  false,
	  DORA_ERROR_RETRY,
	  "no whole answer in time",
	  true },
	{ "has no time",
	  { "421 4.3.2 secret-words\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  "refused to take mail: 421 4.3.2" },
	{ "takes no mail at all",
	  { "554 secret-words\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_DATA,
	  "refused to take mail: 554" },
	{ "does not like the sender",
	  { HELLO, "553 5.1.8 <dorad@example.org> secret-words\r\n", "221 bye\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_DATA,
	  "refused to take mail: 553 5.1.8" },
	{ "does not like the second recipient",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "550 5.1.1 <b@example.org>\r\n",
	    "354 go\r\n", "250 ok\r\n" },
	  HANG_UP,
	  true,
	  0,
	  "1 of 2 recipients refused: no. 2 (550 5.1.1)" },
	{ "does not like the first, for now, in many words",
	  { HELLO, "250 ok\r\n", "450-4.2.1 a@example.org\r\n450 4.2.1 secret\r\n",
	    "250 ok\r\n", "354 go\r\n", "250 ok\r\n" },
	  HANG_UP,
	  true,
	  0,
	  "1 of 2 recipients refused: no. 1 (450 4.2.1)" },
	{ "likes neither",
	  { HELLO, "250 ok\r\n", "550 a@example.org\r\n", "551 5.1.6 secret\r\n",
	    "221 bye\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_DATA,
	  "refused to take mail: 551 5.1.6" },
	{ "may like one of both later",
	  { HELLO, "250 ok\r\n", "450 4.2.1 x\r\n", "550 5.1.1 x\r\n", "221 bye\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  "refused to take mail: 450" },
	{ "hangs up after it refused the first",
	  { HELLO, "250 ok\r\n", "550 5.1.1 x\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "hangs up before the mail, after it refused the second",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "550 5.1.1 x\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
	{ "takes neither the second nor the mail",
	  { HELLO, "250 ok\r\n", "250 ok\r\n", "550 5.1.1 x\r\n", "354 go\r\n",
	    "554 5.7.1 spam\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_DATA,
	  "refused the mail: 554 5.7.1" },
	{ "is no mail server",
	  { "HTTP/1.1 200 OK\r\n\r\n" },
	  HANG_UP,
	  false,
	  DORA_ERROR_RETRY,
	  NULL },
};

START_TEST(tells_what_a_server_does)
{
	_cleanup_(server_clear) struct server server = { .script = talks[_i].script,
							 .ending = talks[_i].ending };
	g_autofree char *expected = NULL;
	g_autofree char *refused = NULL;
	bool unsure = true;
	g_autoptr(GError) error = NULL;
	struct smtp_mail mail;

	server_start(&server);
	mail = mail_to(server.name);
	ck_assert_msg(smtp_send(&mail, &refused, &unsure, &error) == talks[_i].good,
		      "%s: %s", talks[_i].what, error ? error->message : "sent");
	ck_assert_msg(unsure == talks[_i].unsure, "%s", talks[_i].what);
	if (talks[_i].good) {
		ck_assert_pstr_eq(refused, talks[_i].message);
		return;
	}
	ck_assert_ptr_null(refused);
	ck_assert_msg(g_error_matches(error, DORA_ERROR, (gint)talks[_i].error), "%s: %s",
		      talks[_i].what, error->message);
	expected = g_strdup_printf("%s: %s", server.name,
				   talks[_i].message ? talks[_i].message : "");
	ck_assert_msg(g_str_has_prefix(error->message, expected), "%s: %s",
		      talks[_i].what, error->message);
	ck_assert_msg(!talks[_i].message || strcmp(error->message, expected) == 0,
		      "%s: %s", talks[_i].what, error->message);
	ck_assert(!strstr(error->message, "secret") && !strchr(error->message, '@'));
}
END_TEST

START_TEST(says_what_it_has_to)
{
	_cleanup_(server_clear) struct server server = { .script = talks[0].script };
	struct smtp_mail mail;
	g_autofree char *refused = NULL;
	bool unsure = true;

	server_start(&server);
	mail = mail_to(server.name);
	ck_assert(smtp_send(&mail, &refused, &unsure, NULL));
	server_stop(&server);
	ck_assert(strstr(server.seen->str, "MAIL FROM:<dorad@example.org>"));
	ck_assert(strstr(server.seen->str, "RCPT TO:<a@example.org>\r\n"
					   "RCPT TO:<b@example.org>\r\nDATA\r\n"));
	/* A line of one dot does not end it. */
	ck_assert(
		strstr(server.seen->str, "Subject: x\r\n\r\n..\r\n...two dots\r\n.\r\n"));
}
END_TEST

START_TEST(is_cancelled)
{
	_cleanup_(server_clear) struct server server = { .script = talks[3].script,
							 .ending = SAY_NOTHING };
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GError) error = NULL;
	struct smtp_mail mail;
	g_autofree char *refused = NULL;
	bool unsure = true;

	server_start(&server);
	mail = mail_to(server.name);
	mail.cancellable = cancellable;
	g_cancellable_cancel(cancellable);
	ck_assert(!smtp_send(&mail, &refused, &unsure, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED));
}
END_TEST

static const struct {
	const char *server, *from, *to;
	enum smtp_tls tls;
	const char *message;
} wrongs[] = {
	{ "mail.example.org:25", "a@b", "c@d", SMTP_PLAIN,
	  "mail without TLS would show" },
	{ "a/b", "a@b", "c@d", SMTP_STARTTLS, "the mail server: expected host" },
	{ "user@host", "a@b", "c@d", SMTP_STARTTLS, "the mail server: expected host" },
	{ "host:0", "a@b", "c@d", SMTP_STARTTLS, "the mail server: expected host" },
	{ "", "a@b", "c@d", SMTP_STARTTLS, "the mail server: expected host" },
	{ "localhost", "a@b>\r\nRCPT TO:<x@y", "c@d", SMTP_PLAIN, "the sender of mails" },
	{ "localhost", "a@b", "c@d\r\nDATA", SMTP_PLAIN, "a recipient of mails" },
	{ "localhost", "a@b", NULL, SMTP_PLAIN, "mails without recipients" },
};

START_TEST(wrong_mails_are_not_sent)
{
	const struct smtp_mail mail = {
		.server = wrongs[_i].server,
		.tls = wrongs[_i].tls,
		.from = wrongs[_i].from,
		.to = &wrongs[_i].to,
		.n_to = wrongs[_i].to ? 1 : 0,
		.message = "",
	};
	g_autoptr(GError) error = NULL;
	g_autofree char *refused = NULL;
	bool unsure = true;

	ck_assert(!smtp_send(&mail, &refused, &unsure, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert_msg(g_str_has_prefix(error->message, wrongs[_i].message), "%s",
		      error->message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("smtp");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, tells_what_a_server_does, 0, G_N_ELEMENTS(talks));
	tcase_add_test(tests, says_what_it_has_to);
	tcase_add_test(tests, is_cancelled);
	tcase_add_loop_test(tests, wrong_mails_are_not_sent, 0, G_N_ELEMENTS(wrongs));
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
