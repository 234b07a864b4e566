#include "collector/doctor_inside.h"

#include "base/error.h"
#include "collector/doctor_rules.h"
#include "collector/git/mirror.h"
#include "collector/git/mirror_dir.h"
#include "collector/repo_work.h"

/* Of a failure that passes by itself a poll would say "will be tried again": here nothing
 * will. */
void patient_wrong(struct patient *patient, const char *what, const GError *error)
{
	patient->n_wrong++;
	fprintf(patient->options->out, "  WRONG  %s: %s%s%s\n", what, error->message,
		dora_error_is_transient(error) ? "" : ": ",
		dora_error_is_transient(error) ? "" : dora_error_advice(error));
}

void patient_keep(struct patient *patient, const struct item *item)
{
	struct item *copy = item_copy(item);
	char *key = g_strdup_printf("%d %s %s %" G_GINT64_FORMAT, item->kind,
				    item->project ? item->project : "", item->id,
				    item->attempt);
	struct item *before = g_hash_table_lookup(patient->by_key, key);

	if (before)
		g_ptr_array_remove(patient->items, before);
	g_ptr_array_add(patient->items, copy);
	g_hash_table_replace(patient->by_key, key, copy);
}

char *patient_counts(const struct patient *patient, guint n)
{
	GString *text = g_string_new(NULL);
	guint counts[N_ITEM_KINDS] = { 0 };

	for (guint i = n; i < patient->items->len; i++) {
		const struct item *item = g_ptr_array_index(patient->items, i);
		counts[item->kind]++;
	}
	for (int i = 0; i < N_ITEM_KINDS; i++)
		if (counts[i] > 0)
			g_string_append_printf(text, "%s%u %s%s", text->len ? ", " : "",
					       counts[i],
					       item_kind_name((enum item_kind)i),
					       counts[i] == 1 ? "" : "s");
	return g_string_free(text->len ? text : g_string_append(text, "nothing"), FALSE);
}

/* The daemon's own mirrors are left alone: whoever asks may be another user. */
static void examine_git(struct patient *patient)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *cache = g_dir_make_tmp("dorad-doctor-XXXXXX", &error);
	const struct work_context context = {
		.config = (struct config *)patient->options->config,
		.cache_dir = cache,
		.cancellable = patient->options->cancellable,
	};
	g_autofree char *digest = NULL;
	struct mirror *mirror = NULL;

	if (cache)
		mirror = repo_mirror_open(&context, patient->source->git, &error);
	if (!mirror || !mirror_list(mirror, &digest, &error))
		patient_wrong(patient, "reach", error);
	else
		fprintf(patient->options->out, "  ok     lists its branches and tags\n");
	mirror_close(mirror);
	if (cache)
		mirror_dir_remove(cache, NULL);
}

guint doctor_source(const struct doctor_options *options,
		    const struct config_source *source)
{
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GHashTable)
		by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct patient patient = { options, source, items, by_key, 0 };

	fprintf(options->out, "%s (%s)", source->name, source->type);
	switch (source->kind) {
	case SOURCE_GIT:
		fputc('\n', options->out);
		examine_git(&patient);
		break;
	case SOURCE_API:
		fprintf(options->out, " %s\n", source->api->url);
		doctor_api(&patient);
		break;
	case SOURCE_SQL:
		fputc('\n', options->out);
		doctor_sql(&patient);
		break;
	case SOURCE_PUSH:
		fputc('\n', options->out);
		doctor_push(&patient);
		break;
	case SOURCE_KPI:
		fputc('\n', options->out);
		doctor_kpi(&patient);
		break;
	}
	fputc('\n', options->out);
	fflush(options->out);
	return patient.n_wrong;
}
