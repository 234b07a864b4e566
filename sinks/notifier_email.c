#include <string.h>

#include "base/error.h"
#include "base/smtp.h"
#include "sinks/alert_words.h"
#include "sinks/mail_text.h"
#include "sinks/notifier_inside.h"

/* What a thread of mails hangs on. Channels tell different things of a group, perhaps to
 * the same people. */
static char *thread_of(const struct config_channel *channel,
		       const struct outbox_message *message)
{
	g_autofree char *key = alert_dedup_key(message);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
								channel->name, -1);

	return g_strdup_printf("%s.%.12s", key, digest);
}

/* Every mail of a group refers to one that was never sent, so that none of them has to be
 * there for the others to be a thread. */
static void put_ids(GString *out, const struct config_channel *channel,
		    const struct outbox_message *message, const char *sender)
{
	g_autofree char *thread = thread_of(channel, message);
	const char *host = strrchr(sender, '@') + 1;

	g_string_append_printf(out, "Message-ID: <%s.%" G_GINT64_FORMAT "@%s>\r\n",
			       thread, message->version, host);
	if (message->update)
		g_string_append_printf(out, "In-Reply-To: <%s@%s>\r\n", thread, host);
	g_string_append_printf(out, "References: <%s@%s>\r\n", thread, host);
}

/* The configuration has none that is none; but no line of a mail may hang on that. */
static bool check_address(const char *address, GError **error)
{
	if (smtp_is_address(address))
		return true;
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "an address of mails is none");
	return false;
}

static bool put_addresses(GString *out, const struct config_channel_email *email,
			  GError **error)
{
	if (!check_address(email->from, error))
		return false;
	g_string_append_printf(out, "From: %s\r\nTo:", email->from);
	for (guint i = 0; i < email->n_to; i++) {
		if (!check_address(email->to[i], error))
			return false;
		g_string_append_printf(out, "%s %s", i ? ",\r\n" : "", email->to[i]);
	}
	g_string_append(out, "\r\n");
	return true;
}

char *email_message(const struct config_channel *channel,
		    const struct outbox_message *message, const char *link, gint64 now,
		    GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *title = alert_title(message);
	g_autofree char *subject = mail_field("Subject", title);
	g_autofree char *date = mail_date(now);
	g_autofree char *text = alert_paragraphs(message, link);
	g_autofree char *body = mail_quoted(text);

	if (!put_addresses(out, channel->email, error))
		return NULL;
	g_string_append_printf(out, "Subject: %s\r\nDate: %s\r\n", subject, date);
	put_ids(out, channel, message, channel->email->from);
	g_string_append(out, "Auto-Submitted: auto-generated\r\n"
			     "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	g_string_append(out, body);
	return g_strdup(out->str);
}

/* ---- sending ---- */

static void note_refused(const struct config_channel *channel,
			 const struct outbox_message *message, const char *refused,
			 const struct notify_context *context)
{
	g_autofree char *line = g_strdup_printf("channel %s: %s", channel->name, refused);

	context->journal(message, line, context->user);
}

/* Without a message. */
static struct smtp_mail mail_of(const struct config_channel_email *email,
				const char *password,
				const struct notify_context *context)
{
	static const enum smtp_tls tls[] = {
		[TLS_STARTTLS] = SMTP_STARTTLS,
		[TLS_IMPLICIT] = SMTP_IMPLICIT,
		[TLS_NONE] = SMTP_PLAIN,
	};
	return (struct smtp_mail){
		.server = email->server,
		.tls = tls[email->tls],
		.username = email->username,
		.password = password,
		.ca_file = email->ca_file,
		.from = email->from,
		.to = (const char *const *)email->to,
		.n_to = email->n_to,
		.cancellable = context->cancellable,
	};
}

static bool hand_over(const struct config_channel_email *email, const char *text,
		      const char *password, char **refused,
		      struct notify_context *context, GError **error)
{
	struct smtp_mail mail = mail_of(email, password, context);

	mail.message = text;
	mail.message_size = strlen(text);
	return smtp_send(&mail, refused, &context->unsure, error);
}

static bool send_message(const struct config_channel *channel,
			 const struct outbox_message *message,
			 struct notify_context *context, GError **error)
{
	const struct config_channel_email *email = channel->email;
	g_autofree char *text = email_message(channel, message, context->alerts->link,
					      context->now, error);
	g_autofree char *refused = NULL;
	char *password = NULL;
	bool good;

	context->retry_after = 0;
	if (!text)
		return false;
	if (email->password) {
		password = secret_read(email->password, error);
		if (!password)
			return false;
	}
	good = hand_over(email, text, password, &refused, context, error);
	secret_free(password);
	if (refused)
		note_refused(channel, message, refused, context);
	return good;
}

static bool examine(const struct config_channel *channel, struct notify_context *context,
		    char **found, GError **error)
{
	const struct config_channel_email *email = channel->email;
	char *password = email->password ? secret_read(email->password, error) : NULL;
	bool good = password || !email->password;

	if (good) {
		const struct smtp_mail mail = mail_of(email, password, context);

		good = smtp_greet(&mail, error);
	}
	secret_free(password);
	if (good)
		*found = g_strdup_printf(
			"%s is reached%s%s; whom it takes mail from and "
			"for is seen with the first message",
			email->server,
			email->tls == TLS_NONE ? "" : ", its certificate is trusted",
			email->username ? ", it takes the login" : "");
	return good;
}

const struct notifier notifier_email = {
	.kind = CHANNEL_EMAIL,
	.summary = "mail, by a server that takes it further",
	.send = send_message,
	.examine = examine,
};
