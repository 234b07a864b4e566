#pragma once

/*
 * What poll.c and evaluate.c both need of a repository and its services. Internal to
 * collector/.
 */
#include "collector/poll.h"

/* A mirror of the source, opened with what its services need (trees where they have path
 * globs). */
struct mirror *repo_mirror_open(const struct work_context *context,
				const struct config_git *git, GError **error);

/* The component of a service in this repository; NULL. */
const struct config_component *repo_component(const struct config_service *service,
					      const char *repository);

/* A component's globs as one text (the identity of its "touched" rows); NULL without
 * globs. The caller frees. */
char *repo_globs(const struct config_component *component);

/* Hands a message of a repository to context->notice, formatted. */
void repo_notice(const struct work_context *context, const struct config_git *git,
		 const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Positions of oids in a graph, sorted; with positions not found left out. */
void positions_sort(GArray *positions);
/* Index of a position in a sorted array; -1. */
gssize positions_index(const GArray *positions, guint32 pos);

/* For qsort() and the like: deployment rows by their natural key (external id, attempt).
 * Those that finished at the same moment are taken in this order, never in that of their
 * arrival. */
int deployment_row_order(const void *a, const void *b);
