#include "config/check_private.h"

#include "config/fault.h"

void check_wrong(struct check *check, const char *key, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;
	guint line;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	node_at(check->tree->root, key, &line);
	fault_add(check->faults, line, key, "%s", text);
}

bool check_given(struct check *check, const char *prefix, const char *key)
{
	g_autofree char *path = g_strdup_printf("%s.%s", prefix, key);

	return node_at(check->tree->root, path, NULL) != NULL;
}

void check_secret(struct check *check, const struct secret_ref *secret,
		  const char *prefix, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s.%s", prefix, name);
	unsigned n;

	if (!secret)
		return;
	n = (secret->credential != NULL) + (secret->file != NULL) + (secret->env != NULL);
	if (n != 1)
		check_wrong(check, key,
			    "names %s, expected one of credential, file or env",
			    n == 0 ? "no place" : "several places");
}

/* ---- the push server ---- */

static void check_client(struct check *check, const struct config_push_client *client,
			 unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("push.clients[%u]", i);

	check_secret(check, client->token, prefix, "token");
	check_secret(check, client->secret, prefix, "secret");
	if ((client->token != NULL) + (client->secret != NULL) != 1)
		check_wrong(check, prefix, "has %s, expected either token or secret",
			    client->token ? "two credentials" : "no credential");
}

static void check_push(struct check *check, const struct config_push *push)
{
	enum listen_kind kind = listen_kind(push->listen);

	check_secret(check, push->key, "push", "key");
	if (kind == LISTEN_SOCKET && (push->certificate || push->key))
		check_wrong(check, push->certificate ? "push.certificate" : "push.key",
			    "does not fit a socket, expected it with an address only");
	else if (push->certificate && !push->key)
		check_wrong(check, "push.key",
			    "is missing, expected it with certificate");
	else if (push->key && !push->certificate)
		check_wrong(check, "push.certificate",
			    "is missing, expected it with key");
	else if (kind == LISTEN_NETWORK && !push->certificate)
		check_wrong(check, "push.certificate",
			    "is missing, expected certificate and key with an address "
			    "that others reach");
	for (unsigned i = 0; i < push->n_clients; i++)
		check_client(check, &push->clients[i], i);
}

void config_check(const struct config *config, const struct tree *tree, GPtrArray *faults)
{
	struct check check = { config, tree, faults };
	const struct config_sources *sources = config->sources;

	check_secret(&check, config->database->password, "database", "password");
	check_secret(&check, config->privacy->author_key, "privacy", "author_key");
	for (unsigned i = 0; i < sources->n_git; i++)
		check_git(&check, &sources->git[i], i);
	for (unsigned d = 0; d < N_DRIVERS; d++)
		for (unsigned i = 0; i < sources->api[d].n; i++)
			check_api(&check, (enum driver_id)d, i);
	for (unsigned i = 0; i < sources->n_rest; i++)
		check_rest(&check, &sources->rest[i], i);
	for (unsigned i = 0; i < sources->n_sql; i++)
		check_sql(&check, &sources->sql[i], i);
	if (config->push)
		check_push(&check, config->push);
	if (config->debt)
		check_debt(&check, config->debt);
	for (unsigned i = 0; i < config->n_services; i++)
		check_service(&check, i);
	check_goals(&check);
	if (config->alerts)
		check_alerts(&check, config->alerts);
}
