#pragma once

/*
 * A good configuration to spoil: each row edits it and tells every fault that must be
 * found, word for word. Where libyaml says what is wrong, the words are libyaml's.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static const char good_text[] = "database:\n"
				"  uri: postgresql:///dora\n"
				"sources:\n"
				"  git:\n"
				"    - name: shop\n"
				"      url: https://git.example.org/shop.git\n"
				"orgs:\n"
				"  - name: acme\n"
				"teams:\n"
				"  - name: checkout\n"
				"    org: acme\n"
				"services:\n"
				"  - name: shop\n"
				"    team: checkout\n"
				"    components:\n"
				"      - repository: shop\n"
				"    deployments:\n"
				"      - from: tags\n";

/* The first place of what becomes with; what NULL: the whole text does. */
struct edit {
	const char *what, *with;
};

#define EDITS_MAX 5

/* The good text with edits made; the caller frees. */
static inline char *edited(const struct edit *edits)
{
	g_autofree char *text = g_strdup(good_text);

	for (gsize i = 0; i < EDITS_MAX && edits[i].with; i++) {
		const char *what = edits[i].what ? edits[i].what : text;
		const char *at = strstr(text, what);
		char *next;

		ck_assert_msg(at != NULL, "nothing to edit: %s", what);
		next = g_strdup_printf("%.*s%s%s", (int)(at - text), text, edits[i].with,
				       at + strlen(what));
		g_free(text);
		text = next;
	}
	return g_steal_pointer(&text);
}

/* All faults, a line each; the caller frees. */
static inline char *faults_text(const GPtrArray *faults)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < faults->len; i++) {
		g_autofree char *line = config_fault_format("dorad.yaml",
							    g_ptr_array_index(faults, i));

		g_string_append_printf(text, "%s%s", i ? "\n" : "", line);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Loads what must be right. */
static inline struct config *load_good(const char *text)
{
	g_autoptr(GPtrArray) faults = NULL;
	struct config *config = config_load_text("dorad.yaml", text, strlen(text),
						 &faults);
	g_autofree char *found = faults_text(faults);

	ck_assert_str_eq(found, "");
	ck_assert_ptr_nonnull(config);
	return config;
}

struct wrong_file {
	const char *what;
	struct edit edits[EDITS_MAX];
	const char *faults;
};

static inline void check_wrong_file(const struct wrong_file *file)
{
	g_autofree char *text = edited(file->edits), *found = NULL;
	g_autoptr(GPtrArray) faults = NULL;
	struct config *config = config_load_text("dorad.yaml", text, strlen(text),
						 &faults);

	found = faults_text(faults);
	ck_assert_msg(config == NULL, "%s: loaded", file->what);
	ck_assert_msg(strcmp(found, file->faults) == 0, "%s:\nexpected: %s\n   found: %s",
		      file->what, file->faults, found);
	/* Every row's secret has this name. */
	ck_assert_msg(!strstr(found, "hunter2"), "%s: shows a secret", file->what);
}

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int run_loop(const char *name, const TTest *test, gsize n)
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create(name);

	tcase_add_loop_test(tests, test, 0, (int)n);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
