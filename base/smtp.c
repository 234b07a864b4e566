#include "base/smtp.h"

#include <curl/curl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/http_error.h"
#include "base/http_rules.h"
#include "base/http_url.h"

#define TIMEOUT_DEFAULT (G_TIME_SPAN_MINUTE)
/* RFC 5321, 4.5.3.1.3: of a path. */
#define ADDRESS_MAX 254
#define CODE_GOODBYE 221
/* Refused recipients that are told one by one. */
#define REFUSED_TOLD 10
/* Its first name had a letter too many. */
#if LIBCURL_VERSION_NUM >= 0x080200
#define ALLOW_REFUSED CURLOPT_MAIL_RCPT_ALLOWFAILS
#else
#define ALLOW_REFUSED CURLOPT_MAIL_RCPT_ALLLOWFAILS
#endif

struct transfer {
	const struct smtp_mail *mail;
	gsize sent;
	bool asked; /* the server has asked for the mail */
	/* The recipient that was named last, and whether it has been answered. */
	gsize recipient;
	bool answered;
	/* Those that were refused: how many, which in words, and the last code that says
	 * for now; 0. */
	gsize n_refused;
	GString *refused;
	guint refused_for_now;
	/* Of the last answer: "550", and "5.1.1" if it said so. */
	guint code;
	char enhanced[16];
};

DEFINE_CLEANUP(CURL *, curl_easy_cleanup);
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all);

bool smtp_is_address(const char *text)
{
	gsize n = strlen(text);
	const char *at = strrchr(text, '@');

	if (n > ADDRESS_MAX || !at || at == text || at[1] == '\0' || text[0] == '-')
		return false;
	for (gsize i = 0; i < n; i++)
		if (!g_ascii_isgraph(text[i]) || strchr("<>,;\\\"", text[i]))
			return false;
	return true;
}

/* ---- what curl calls ---- */

static gsize on_read(char *buffer, gsize size, gsize n, void *data)
{
	struct transfer *transfer = data;
	gsize left = transfer->mail->message_size - transfer->sent;
	gsize part = MIN(size * n, left);

	transfer->asked = true;
	memcpy(buffer, transfer->mail->message + transfer->sent, part);
	transfer->sent += part;
	return part;
}

/* "5.1.1 …": the code that RFC 3463 puts first; nothing else of the text is kept. */
static void keep_enhanced(struct transfer *transfer, const char *text, gsize n)
{
	gsize length = 0;

	while (length < n && (g_ascii_isdigit(text[length]) || text[length] == '.'))
		length++;
	transfer->enhanced[0] = '\0';
	if (length < 5 || length >= sizeof(transfer->enhanced) ||
	    !strchr("245", text[0]) || text[1] != '.')
		return;
	memcpy(transfer->enhanced, text, length);
	transfer->enhanced[length] = '\0';
}

/* Every line that we say: an answer is to the last of them. */
static int on_talk(CURL *curl, curl_infotype type, char *line, gsize n, void *data)
{
	struct transfer *transfer = data;

	(void)curl;
	if (type != CURLINFO_HEADER_OUT || n < 5 ||
	    g_ascii_strncasecmp(line, "QUIT", 4) == 0)
		return 0;
	transfer->code = 0;
	transfer->answered = g_ascii_strncasecmp(line, "RCPT ", 5) != 0;
	transfer->recipient += !transfer->answered;
	return 0;
}

static void keep_refused(struct transfer *transfer)
{
	if (transfer->n_refused++ < REFUSED_TOLD)
		g_string_append_printf(transfer->refused, ", no. %zu (%u%s%s)",
				       transfer->recipient, transfer->code,
				       transfer->enhanced[0] ? " " : "",
				       transfer->enhanced);
	if (transfer->code < 500)
		transfer->refused_for_now = transfer->code;
}

/* Every line that the server says. */
static gsize on_line(char *line, gsize size, gsize n, void *data)
{
	struct transfer *transfer = data;
	guint code = 0;

	(void)size; /* always 1 */
	for (gsize i = 0; i < MIN(n, 3); i++)
		code = g_ascii_isdigit(line[i]) ? code * 10 + (guint)(line[i] - '0') : 0;
	/* Goodbye, after what we left for. */
	if (code < 200 || (code == CODE_GOODBYE && transfer->code >= 400))
		return n;
	transfer->code = code;
	keep_enhanced(transfer, n > 4 ? line + 4 : "", n > 4 ? n - 4 : 0);
	/* Not the last of the answer. */
	if (transfer->answered || (n > 3 && line[3] == '-'))
		return n;
	transfer->answered = true;
	if (code >= 400)
		keep_refused(transfer);
	return n;
}

static gsize on_body(char *bytes, gsize size, gsize n, void *data)
{
	(void)bytes;
	(void)data;
	return size * n;
}

/* ---- setting up ---- */

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_CONFIG, why);
	return false;
}

/* The server in the form of an address on the web, whose rules for hosts do. */
static GUri *parse_server(const char *server)
{
	g_autofree char *url = g_strconcat("https://", server, "/", NULL);

	return strpbrk(server, "/?#@") ? NULL : url_parse(url);
}

static bool may_talk(const struct smtp_mail *mail, GUri *uri, GError **error)
{
	if (!uri)
		return refuse(error, "the mail server: expected host or host:port");
	if (mail->tls == SMTP_PLAIN && !url_parsed_is_loopback(uri))
		return refuse(error,
			      "mail without TLS would show everybody what it says: "
			      "use STARTTLS");
	return true;
}

static bool may_send(const struct smtp_mail *mail, GError **error)
{
	if (!smtp_is_address(mail->from))
		return refuse(error, "the sender of mails: not an address");
	for (gsize i = 0; i < mail->n_to; i++)
		if (!smtp_is_address(mail->to[i]))
			return refuse(error, "a recipient of mails: not an address");
	return mail->n_to > 0 || refuse(error, "mails without recipients");
}

#define SET(option, value) failed |= curl_easy_setopt(curl, option, value) != CURLE_OK

static bool set_trust(CURL *curl, const struct smtp_mail *mail)
{
	bool failed = false;

	SET(CURLOPT_USE_SSL,
	    mail->tls == SMTP_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	if (mail->username) {
		SET(CURLOPT_USERNAME, mail->username);
		SET(CURLOPT_PASSWORD, mail->password ? mail->password : "");
	}
	return !failed &&
	       http_rules_set(curl, mail->tls == SMTP_IMPLICIT ? "smtps" : "smtp",
			      mail->ca_file, mail->cancellable);
}

static bool set_limits(CURL *curl, struct transfer *transfer)
{
	GTimeSpan timeout = transfer->mail->timeout > 0 ? transfer->mail->timeout
							: TIMEOUT_DEFAULT;
	bool failed = false;

	SET(CURLOPT_TIMEOUT_MS, (long)(timeout / G_TIME_SPAN_MILLISECOND + 1));
	/* The goodbye is not of the transfer, and would be waited for 2 minutes. */
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)MAX(timeout / G_TIME_SPAN_SECOND, 1));
	SET(CURLOPT_VERBOSE, 1L); /* for on_talk, and nobody else */
	SET(CURLOPT_DEBUGFUNCTION, on_talk);
	SET(CURLOPT_DEBUGDATA, transfer);
	SET(CURLOPT_HEADERFUNCTION, on_line);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, transfer);
	return !failed;
}

static const char *const default_ports[] = {
	[SMTP_STARTTLS] = ":587",
	[SMTP_IMPLICIT] = ":465",
	[SMTP_PLAIN] = ":25",
};

/* recipients: NULL: no mail is sent. */
static bool set_up(CURL *curl, GUri *uri, struct transfer *transfer,
		   struct curl_slist *recipients)
{
	const struct smtp_mail *mail = transfer->mail;
	const char *port = g_uri_get_port(uri) >= 0 ? "" : default_ports[mail->tls];
	g_autofree char *url = g_strconcat(mail->tls == SMTP_IMPLICIT ? "smtps" : "smtp",
					   "://", mail->server, port, "/", NULL);
	bool failed = false;

	SET(CURLOPT_URL, url);
	if (recipients) {
		SET(CURLOPT_MAIL_FROM, mail->from);
		SET(CURLOPT_MAIL_RCPT, recipients);
		SET(ALLOW_REFUSED, 1L);
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->message_size);
	} else {
		SET(CURLOPT_CUSTOMREQUEST, "NOOP");
		SET(CURLOPT_NOBODY, 1L);
	}
	return !failed && set_trust(curl, mail) && set_limits(curl, transfer);
}

/* ---- what came of it ---- */

static bool is_login(guint code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

/* What an answer means that is no yes. False: it is not the answer that failed. */
static bool judge_code(CURLcode code, const struct transfer *transfer, const char *host,
		       GError **error)
{
	bool login = code == CURLE_LOGIN_DENIED || is_login(transfer->code);
	enum dora_error kind = transfer->code < 500 ? DORA_ERROR_RETRY
			       : login		    ? DORA_ERROR_DENIED
						    : DORA_ERROR_DATA;
	const char *what = login	     ? "refused the login"
			   : transfer->asked ? "refused the mail"
					     : "refused to take mail";

	if (transfer->code < 400)
		return false;
	g_set_error(error, DORA_ERROR, kind, "%s: %s: %u%s%s", host, what, transfer->code,
		    transfer->enhanced[0] ? " " : "", transfer->enhanced);
	return true;
}

static void explain(CURL *curl, CURLcode code, const char *detail,
		    const struct transfer *transfer, const char *host, GError **error)
{
	static const struct {
		CURLcode code;
		enum dora_error error;
		const char *cause;
	} causes[] = {
		{ CURLE_USE_SSL_FAILED, DORA_ERROR_CONFIG, "offers no STARTTLS" },
		{ CURLE_LOGIN_DENIED, DORA_ERROR_DENIED, "offers no login that we know" },
		{ CURLE_WEIRD_SERVER_REPLY, DORA_ERROR_RETRY,
		  "no answer of a mail server" },
		{ CURLE_REMOTE_ACCESS_DENIED, DORA_ERROR_RETRY, "the connection broke" },
		{ CURLE_URL_MALFORMAT, DORA_ERROR_CONFIG, "not a mail server" },
	};
	bool broke = code == CURLE_OPERATION_TIMEDOUT ||
		     code == CURLE_ABORTED_BY_CALLBACK ||
		     code == CURLE_PEER_FAILED_VERIFICATION;

	if (!broke && judge_code(code, transfer, host, error))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
		if (causes[i].code != code)
			continue;
		g_set_error(error, DORA_ERROR, causes[i].error, "%s: %s", host,
			    causes[i].cause);
		return;
	}
	http_explain(curl, code, detail, host, error);
}

/* What is to be told of a mail that went to some of its recipients; NULL. */
static char *refusals(const struct transfer *transfer)
{
	if (transfer->n_refused == 0)
		return NULL;
	return g_strdup_printf("%zu of %zu recipients refused: %s%s", transfer->n_refused,
			       transfer->mail->n_to, transfer->refused->str + 2,
			       transfer->n_refused > REFUSED_TOLD ? ", …" : "");
}

static struct curl_slist *list_of(const struct smtp_mail *mail)
{
	struct curl_slist *list = NULL;

	for (gsize i = 0; i < mail->n_to; i++) {
		struct curl_slist *longer = curl_slist_append(list, mail->to[i]);

		g_assert(longer); /* as out of memory */
		list = longer;
	}
	return list;
}

/* recipients: NULL: no mail is sent. */
static bool talk(struct transfer *transfer, struct curl_slist *recipients, GError **error)
{
	const struct smtp_mail *mail = transfer->mail;
	g_autoptr(GUri) uri = parse_server(mail->server);
	_cleanup_(curl_easy_cleanupp) CURL *curl = NULL;
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode code;

	if (!may_talk(mail, uri, error))
		return false;
	curl = curl_easy_init();
	g_assert(curl); /* as out of memory */
	if (!set_up(curl, uri, transfer, recipients) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail) != CURLE_OK)
		return refuse(error, "this libcurl cannot do what mail needs");
	code = g_cancellable_is_cancelled(mail->cancellable) ? CURLE_ABORTED_BY_CALLBACK
							     : curl_easy_perform(curl);
	if (code == CURLE_OK)
		return true;
	/* Nobody was accepted, but somebody may be later. */
	if (recipients && transfer->n_refused == mail->n_to &&
	    transfer->refused_for_now > 0 && transfer->code >= 500) {
		transfer->code = transfer->refused_for_now;
		transfer->enhanced[0] = '\0';
	}
	explain(curl, code, detail, transfer, mail->server, error);
	return false;
}

bool smtp_send(const struct smtp_mail *mail, char **refused, bool *unsure, GError **error)
{
	_cleanup_(curl_slist_free_allp) struct curl_slist *recipients = NULL;
	g_autoptr(GString) words = g_string_new(NULL);
	struct transfer transfer = { .mail = mail, .answered = true, .refused = words };

	*refused = NULL;
	*unsure = false;
	if (!may_send(mail, error))
		return false;
	recipients = list_of(mail);
	if (!talk(&transfer, recipients, error)) {
		/* All of it is there, and the answer to that is no refusal. */
		*unsure = transfer.sent == mail->message_size && transfer.code < 400;
		return false;
	}
	*refused = refusals(&transfer);
	return true;
}

bool smtp_greet(const struct smtp_mail *mail, GError **error)
{
	struct transfer transfer = { .mail = mail, .answered = true };

	return talk(&transfer, NULL, error);
}
