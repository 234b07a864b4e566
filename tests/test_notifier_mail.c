/* Mails about alerts, to the byte, whatever names are. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/mail_text.h"
#include "tests/alerts/alert_sample.h"

#define LINK "https://bi.example.org/?t={team}&m={metric}"
#define NOW                                                                              \
	(G_GINT64_CONSTANT(1774700000) * G_USEC_PER_SEC) /* 28 March 2026 12:13:20Z      \
							  */

static char *addresses[] = { "a@example.org", "b@example.org" };
static struct config_channel_email email = {
	.server = "localhost",
	.from = "dorad@example.org",
	.to = addresses,
	.n_to = G_N_ELEMENTS(addresses),
};

static char *mail_of(const char *sample)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		sample);
	const struct config_channel channel = { .name = "team",
						.kind = CHANNEL_EMAIL,
						.email = &email };

	return notifier_body(&channel, message, LINK, NOW);
}

START_TEST(mail_is_to_the_byte)
{
	g_autofree char *body = mail_of("guardrail resolved");
	const char *id = strstr(body, "Message-ID: <dorad-1a2b3c4d-12.");
	g_autofree char *thread = NULL;
	g_autofree char *expected = NULL;

	ck_assert(id);
	thread = g_strndup(id + strlen("Message-ID: <"),
			   strlen("dorad-1a2b3c4d-12.") + 12);
	expected = g_strdup_printf(
		"From: dorad@example.org\r\n"
		"To: a@example.org,\r\n"
		" b@example.org\r\n"
		"Subject: Guardrail failures, payments: resolved\r\n"
		"Date: Sat, 28 Mar 2026 12:13:20 +0000\r\n"
		"Message-ID: <%s.345@example.org>\r\n"
		"In-Reply-To: <%s@example.org>\r\n"
		"References: <%s@example.org>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"Guardrail failures, payments: resolved on 4 April. The change fail rate "
		"was=\r\n"
		" 18.4 %% since 3 March, at most 15 %% allowed. Over 28 days, n =3D "
		"76.\r\n"
		"https://bi.example.org/?t=3Dpayments&m=3Dchange_fail_rate\r\n",
		thread, thread, thread);
	ck_assert_str_eq(body, expected);
}
END_TEST

/* A channel hears of other alerts of a group, and its mails have other texts. */
START_TEST(channels_have_threads_of_their_own)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time fired");
	struct config_channel channel = { .name = "team",
					  .kind = CHANNEL_EMAIL,
					  .email = &email };
	g_autofree char *one = notifier_body(&channel, message, LINK, NOW);
	g_autofree char *other = NULL;
	g_autofree char *again = NULL;

	channel.name = (char *)"others";
	other = notifier_body(&channel, message, LINK, NOW);
	channel.name = (char *)"team";
	again = notifier_body(&channel, message, LINK, NOW);
	ck_assert_str_ne(strstr(one, "Message-ID:"), strstr(other, "Message-ID:"));
	ck_assert_str_eq(one, again);
}
END_TEST

/* Whatever names are, no line of theirs begins a header, and none is too long. */
START_TEST(mail_cannot_be_injected)
{
	g_autofree char *body = mail_of(alert_samples[_i]);
	g_auto(GStrv) lines = g_strsplit(body, "\r\n", -1);
	guint subjects = 0;

	for (gsize i = 0; lines[i]; i++) {
		ck_assert_uint_le(strlen(lines[i]), 78);
		ck_assert(!strpbrk(lines[i], "\r\n"));
		ck_assert(!g_str_has_prefix(lines[i], "Bcc:"));
		subjects += g_str_has_prefix(lines[i], "Subject:");
		for (const char *p = lines[i]; *p; p++)
			ck_assert(*p >= ' ' && *p <= '~');
	}
	ck_assert_uint_eq(subjects, 1);
}
END_TEST

static const struct {
	const char *text, *field;
} fields[] = {
	{ "plain", "plain" },
	{ "two\r\nBcc: x@example.org", "two  Bcc: x@example.org" },
	{ "ü", "=?utf-8?Q?=C3=BC?=" },
	{ "looks =?utf-8?Q?like?= it",
	  "=?utf-8?Q?looks_=3D=3Futf-8=3FQ=3Flike=3F=3D_it?=" },
	{ "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff gggggggggg",
	  "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff\r\n "
	  "gggggggggg" },
};

START_TEST(fields_are_folded_and_encoded)
{
	g_autofree char *field = mail_field("Subject", fields[_i].text);

	ck_assert_str_eq(field, fields[_i].field);
}
END_TEST

static const struct {
	const char *text, *quoted;
} bodies[] = {
	{ "", "" },
	{ "a=b", "a=3Db\r\n" },
	{ ".\n.x", "=2E\r\n=2Ex\r\n" },
	{ "From me\nhi", "=46rom me\r\nhi\r\n" },
	{ "end \nx", "end=20\r\nx\r\n" },
	{ "cr\rlf", "cr lf\r\n" },
};

START_TEST(bodies_are_quoted)
{
	g_autofree char *quoted = mail_quoted(bodies[_i].text);

	ck_assert_str_eq(quoted, bodies[_i].quoted);
}
END_TEST

static const char *const no_addresses[] = {
	"",	     "a",	    "@",     "a@",	"@b",	"a@b\r\nRCPT TO:<c@d>",
	"a b@c",     "<a@b",	    "a@b>",  "a@b,c@d", "-a@b", "ü@b",
	"x <a@b> y", "Dorad <a@b>", "<a@b>",
};

START_TEST(no_address_is_refused)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time fired");
	char *wrong[] = { (char *)no_addresses[_i] };
	struct config_channel_email to = email, from = email;
	struct config_channel channel = { .name = "team", .kind = CHANNEL_EMAIL };

	from.from = wrong[0];
	channel.email = &from;
	ck_assert_ptr_null(notifier_body(&channel, message, LINK, NOW));
	to.to = wrong;
	to.n_to = 1;
	channel.email = &to;
	ck_assert_ptr_null(notifier_body(&channel, message, LINK, NOW));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notifier_mail");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, mail_is_to_the_byte);
	tcase_add_test(tests, channels_have_threads_of_their_own);
	tcase_add_loop_test(tests, mail_cannot_be_injected, 0,
			    (int)g_strv_length((char **)(gpointer)alert_samples));
	tcase_add_loop_test(tests, fields_are_folded_and_encoded, 0,
			    G_N_ELEMENTS(fields));
	tcase_add_loop_test(tests, bodies_are_quoted, 0, G_N_ELEMENTS(bodies));
	tcase_add_loop_test(tests, no_address_is_refused, 0, G_N_ELEMENTS(no_addresses));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
