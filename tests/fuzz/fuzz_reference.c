#include <string.h>

#include "metrics/reference.h"
#include "tests/fuzz/fuzz.h"

/* A text that people wrote, and what it may refer to: nothing that it does not say. */

#define HEX "0123456789abcdef"
#define DIGITS "0123456789"

static gsize n_of(const char *text, const char *set)
{
	gsize n = 0;

	for (; *text; text++)
		n += strchr(set, *text) != NULL;
	return n;
}

static void check(const struct reference *reference, const char *whole)
{
	const char *text = reference->text;
	gsize n = strlen(text);
	g_autofree char *lower = g_ascii_strdown(whole, -1);

	MUST(n > 0 && g_utf8_validate(text, -1, NULL));
	MUST(!reference->project || reference->kind == REFERENCE_CHANGE);
	switch (reference->kind) {
	case REFERENCE_WHOLE:
		MUST(strcmp(text, whole) == 0);
		break;
	case REFERENCE_URL:
		MUST(g_ascii_strncasecmp(text, "http", 4) == 0 && strstr(whole, text));
		MUST(!strchr(".,;:!?*", text[n - 1]));
		break;
	case REFERENCE_SHA:
		MUST(n >= 7 && n <= 64 && n_of(text, HEX) == n && strstr(lower, text));
		MUST(n_of(text, DIGITS) > 0 && (n >= 40 || n_of(text, DIGITS) < n));
		break;
	case REFERENCE_CHANGE:
		MUST(n <= 10 && n_of(text, DIGITS) == n && strstr(whole, text));
		MUST(!reference->project || *reference->project);
		break;
	case REFERENCE_DEPLOYMENT:
		MUST(n <= 20 && n_of(text, DIGITS) == n && strstr(whole, text));
		break;
	case REFERENCE_WORD:
		MUST(n >= 3 && n_of(text, DIGITS) > 0 && strstr(whole, text));
		MUST(g_ascii_isalnum(text[0]) && g_ascii_isalnum(text[n - 1]));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GArray) found = references_find(text);

	MUST(found->len <= 64);
	for (guint i = 0; i < found->len; i++) {
		const struct reference *all = (struct reference *)(void *)found->data;

		MUST((all[i].kind == REFERENCE_WHOLE) == (i == 0));
		check(&all[i], all[0].text);
		for (guint k = 0; k < i; k++)
			MUST(all[k].kind != all[i].kind ||
			     strcmp(all[k].text, all[i].text) != 0 ||
			     g_strcmp0(all[k].project, all[i].project) != 0);
	}
	return 0;
}
