#include <string.h>

#include "collector/push/push_auth.h"
#include "collector/push/push_body.h"
#include "tests/fuzz/fuzz_item.h"

/* A line with a route, then a body; or "auth", and lines with Authorization, timestamp,
 * signature and path, then a body. */

#define TOKEN "token-canary"
#define SECRET "secret-canary"
#define NOW (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01T12:00:00Z */

static const struct {
	const char *route;
	bool (*read)(const cJSON *, const char *, GPtrArray *, GError **);
} routes[] = {
	{ "deployments", push_deployments },
	{ "incidents", push_incidents },
	{ "cdevents", push_cdevents },
	{ "alertmanager", push_alertmanager },
};

/* ---- bodies ---- */

/* What is stored after known was and told comes. */
static struct item *merged(const struct item *told, const struct item *known)
{
	struct item *item = item_copy(told);

	push_merge(item, known);
	push_settle(item);
	fuzz_sound_item(item);
	return item;
}

/* Whatever is told, and in whichever order, telling the last of it again says no more. */
static void tell_twice(const struct item *told, const struct item *known)
{
	struct item *once = merged(told, known);
	struct item *twice = merged(told, once);
	struct item *itself = merged(once, once);

	MUST(fuzz_same_item(once, twice));
	MUST(fuzz_same_item(once, itself));
	item_free(once);
	item_free(twice);
	item_free(itself);
}

static void read_body(const cJSON *body, gsize route)
{
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GError) error = NULL;

	if (!routes[route].read(body, "ci", items, &error)) {
		fuzz_sound_error(error);
		return;
	}
	MUST(!error);
	MUST(items->len <= PUSH_ITEMS_MAX);
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		const struct item *last = i ? g_ptr_array_index(items, i - 1) : item;

		fuzz_sound_item(item);
		MUST(item->project && *item->project);
		fuzz_sound_text(item->project, 2000);
		tell_twice(item, item);
		if (item->kind == last->kind) {
			tell_twice(item, last);
			tell_twice(last, item);
		}
	}
}

/* ---- credentials ---- */

static struct secret_ref token = { .env = (char *)"FUZZ_TOKEN" };
static struct secret_ref secret = { .env = (char *)"FUZZ_SECRET" };
static struct config_push_client clients[] = {
	{ .name = (char *)"bearer", .token = &token },
	{ .name = (char *)"signer", .secret = &secret },
};
static const struct config_push push = { .clients = clients, .n_clients = 2 };

static char *sign(const struct push_credentials *shown)
{
	g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)SECRET,
					   strlen(SECRET));
	g_autofree char *head = g_strdup_printf("%s.%s.", shown->timestamp, shown->path);

	g_hmac_update(hmac, (const guchar *)head, (gssize)strlen(head));
	g_hmac_update(hmac, shown->body, (gssize)shown->body_size);
	return g_strconcat("sha256=", g_hmac_get_string(hmac), NULL);
}

static const struct config_push_client *ask(const struct push_credentials *shown)
{
	g_autoptr(GError) error = NULL;
	guint8 digest[32] = { 0 };
	bool is_signed;
	const struct config_push_client *found = push_auth(&push, shown, NOW, digest,
							   &is_signed, &error);

	MUST(!found == !!error);
	MUST(is_signed == !!shown->signature);
	if (error) {
		MUST(g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED));
		MUST(!strstr(error->message, "canary"));
	}
	return found;
}

/* Digits alone: a sign is none of them. */
static bool is_now(const char *timestamp)
{
	gint64 seconds;

	return g_ascii_isdigit(*timestamp) &&
	       g_ascii_string_to_signed(timestamp, 10, 0, G_MAXINT32, &seconds, NULL) &&
	       ABS(NOW / G_USEC_PER_SEC - seconds) <= 300;
}

static void authenticate(const char *rest, gsize n)
{
	g_autofree char *authorization = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	g_autofree char *timestamp = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	g_autofree char *signature = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	g_autofree char *path = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	struct push_credentials shown = {
		.authorization = *authorization ? authorization : NULL,
		.timestamp = *timestamp ? timestamp : NULL,
		.signature = *signature ? signature : NULL,
		.path = path,
		.body = rest,
		.body_size = n,
	};
	const struct config_push_client *found = ask(&shown);
	g_autofree char *right = sign(&shown);

	if (shown.signature)
		MUST(!found || (found == &clients[1] && is_now(timestamp) &&
				g_ascii_strcasecmp(signature, right) == 0));
	else
		MUST(!found == (g_ascii_strcasecmp(authorization, "Bearer " TOKEN) != 0 ||
				!g_str_has_suffix(authorization, TOKEN)));
	if (!shown.timestamp)
		return;
	shown.signature = right;
	MUST(!ask(&shown) == !is_now(timestamp));
	right[strlen(right) - 1] ^= 1;
	MUST(!ask(&shown));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *rest;
	gsize n;
	g_autofree char *route = fuzz_line(data, size, &rest, &n);
	_cleanup_(cJSON_Deletep) cJSON *body = NULL;

	g_setenv("FUZZ_TOKEN", TOKEN, true);
	g_setenv("FUZZ_SECRET", SECRET, true);
	if (strcmp(route, "auth") == 0) {
		authenticate(rest, n);
		return 0;
	}
	body = json_parse(rest, n, NULL);
	for (gsize i = 0; body && i < G_N_ELEMENTS(routes); i++)
		if (strcmp(routes[i].route, route) == 0)
			read_body(body, i);
	return 0;
}
