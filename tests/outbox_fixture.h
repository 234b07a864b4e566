#pragma once

/*
 * What waits to be told, in words. To be used in tests only.
 */
#include "tests/alerts_fixture.h"

static const char *const both[] = { "ops", "team", NULL };
static const char *const ops[] = { "ops", NULL };

/* What would be due if nothing waited for more of its group. */
static inline GPtrArray *due(struct store *store, const char *const *channels, gint64 now)
{
	GPtrArray *messages;

	rig_ok(store_outbox_hurry(store, now, &error));

	rig_ok((messages = store_outbox_due(store, channels,
					    g_strv_length((char **)(gsize)channels), now,
					    10, &error)) != NULL);
	return messages;
}

/* "ops: fired 1, resolved 1 (1 ended); team: …" */
static inline char *words_of(const GPtrArray *messages)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < messages->len; i++) {
		const struct outbox_message *message = g_ptr_array_index(messages, i);

		g_string_append_printf(text, "%s%s:", i > 0 ? "; " : "",
				       message->channel);
		for (guint k = 0; k < message->events->len; k++) {
			const struct outbox_event *event = &g_array_index(
				message->events, struct outbox_event, k);

			g_string_append_printf(text, " %s",
					       watch_event_name(event->event));
		}
		g_string_append_printf(text, " (%u%s%s)", message->alerts->len,
				       message->update ? " update" : "",
				       message->ended ? " ended" : "");
	}
	return g_string_free(text, FALSE);
}

static inline void expect_due(const char *const *channels, gint64 now, const char *words)
{
	GPtrArray *messages = due(rig.store, channels, now);
	g_autofree char *got = words_of(messages);

	ck_assert_msg(strcmp(got, words) == 0, "\"%s\" instead of \"%s\"", got, words);
	outbox_messages_free(messages);
}

/* Takes what is due and delivers it. */
static inline void expect_delivered(const char *const *channels, gint64 now,
				    const char *words)
{
	GPtrArray *messages = due(rig.store, channels, now);
	g_autofree char *got = words_of(messages);

	ck_assert_msg(strcmp(got, words) == 0, "\"%s\" instead of \"%s\"", got, words);
	for (guint i = 0; i < messages->len; i++)
		rig_ok(store_outbox_delivered(rig.store, g_ptr_array_index(messages, i),
					      now, &error));
	outbox_messages_free(messages);
}

static inline gint64 next(gint64 now)
{
	gint64 at = 1;

	rig_ok(store_outbox_next(rig.store, now, &at, &error));
	return at;
}
