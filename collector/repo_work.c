#include "collector/repo_work.h"

#include <stdarg.h>

#include "collector/git/mirror.h"

/* A progress line of a mirror, on its way to context->progress. */
static void mirror_progress(const char *text, void *user)
{
	const struct work_context *context = user;

	if (context->progress)
		context->progress("git", text, context->user);
}

const struct config_component *repo_component(const struct config_service *service,
					      const char *repository)
{
	for (unsigned i = 0; i < service->n_components; i++)
		if (strcmp(service->components[i].repository, repository) == 0)
			return &service->components[i];
	return NULL;
}

/* Do any services need this repository's trees? */
static bool needs_trees(const struct config *config, const struct config_git *git)
{
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_component *component = repo_component(
			&config->services[i], git->name);

		if (component && component->n_paths > 0)
			return true;
	}
	return false;
}

struct mirror *repo_mirror_open(const struct work_context *context,
				const struct config_git *git, GError **error)
{
	const struct mirror_options options = {
		.cache_dir = context->cache_dir,
		.git = git,
		.trees = needs_trees(context->config, git),
		.keep = context->trial,
		.cancellable = context->cancellable,
		.progress = mirror_progress,
		.user = (void *)context,
	};

	return mirror_open(&options, error);
}

char *repo_globs(const struct config_component *component)
{
	GString *text;

	if (component->n_paths == 0)
		return NULL;
	text = g_string_new(component->paths[0]);
	for (unsigned i = 1; i < component->n_paths; i++)
		g_string_append_printf(text, "\n%s", component->paths[i]);
	return g_string_free(text, FALSE);
}

void repo_notice(const struct work_context *context, const struct config_git *git,
		 const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	if (!context->notice)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	context->notice(git->name, text, context->user);
}

static int position_order(const void *a, const void *b)
{
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

	return (x > y) - (x < y);
}

void positions_sort(GArray *positions)
{
	g_array_sort(positions, position_order);
}

gssize positions_index(const GArray *positions, guint32 pos)
{
	const guint32 *found = positions->len
				       ? bsearch(&pos, positions->data, positions->len,
						 sizeof(guint32), position_order)
				       : NULL;

	return found ? found - (const guint32 *)positions->data : -1;
}

int deployment_row_order(const void *a, const void *b)
{
	const struct deployment_row *x = a, *y = b;
	int order = strcmp(x->external_id, y->external_id);

	if (order == 0)
		order = (x->attempt > y->attempt) - (x->attempt < y->attempt);
	if (order == 0)
		order = (x->deployment_id > y->deployment_id) -
			(x->deployment_id < y->deployment_id);
	return order;
}
