#include "config_fixture.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fault.h"

/* The annotated example; meson names it. */
static char *example_text(void)
{
	char *text = NULL;

	ck_assert(g_file_get_contents(g_getenv("DORAD_EXAMPLE"), &text, NULL, NULL));
	return text;
}

/* ---- defaults ---- */

START_TEST(defaults_of_a_small_file)
{
	_cleanup_(config_unrefp) struct config *config = load_good(good_text);
	const struct config_git *git = config_git(config, "shop");
	const struct config_service *service = config_service(config, "shop");
	const struct config_rule *rule = &service->deployments[0];

	ck_assert_str_eq(config->database->reader_role, "dora_reader");
	ck_assert_ptr_null(config->database->password);
	ck_assert_str_eq(config->schedule->every, "5m");
	ck_assert_int_eq(config->schedule->every_us, 5 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(config->schedule->timeout_us, 15 * G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(config->schedule->workers, 4);
	ck_assert_uint_eq(config->privacy->minimum_authors, 3);
	ck_assert_ptr_null(config->privacy->author_key);
	ck_assert_int_eq(git->every_us, 5 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(git->timeout_us, 15 * G_TIME_SPAN_MINUTE);
	ck_assert_ptr_null(git->username);
	ck_assert(!git->allow_file);
	ck_assert_str_eq(config_org(config, "acme")->time_zone, "UTC");
	ck_assert_str_eq(config_team(config, "checkout")->time_zone, "UTC");
	ck_assert_str_eq(service->time_zone, "UTC");
	ck_assert_int_eq(service->commit_time, COMMIT_TIME_AUTHORED);
	ck_assert_str_eq(rule->repository, "shop");
	ck_assert_uint_eq(rule->n_tags, 1);
	ck_assert_str_eq(rule->tags[0], "*");
	ck_assert_str_eq(rule->environment, "production");
	ck_assert_int_eq(rule->finished, TAG_TIME_TAGGED);
	ck_assert_uint_eq(service->n_production, 1);
	ck_assert_str_eq(service->production[0].name, "production");
	ck_assert_uint_eq(service->production[0].n_environments, 1);
	ck_assert_str_eq(service->production[0].environments[0], "production");
	ck_assert_int_eq(service->production[0].finished, FINISHED_ALL);
	ck_assert_ptr_null(config_git(config, "other"));
	ck_assert_ptr_null(config_team(config, "acme"));
	ck_assert_ptr_null(config_org(config, "checkout"));
	ck_assert_ptr_null(config_service(config, "checkout"));
}
END_TEST

START_TEST(values_of_the_example)
{
	g_autofree char *text = example_text();
	_cleanup_(config_unrefp) struct config *config = load_good(text);
	const struct config_git *shop = config_git(config, "shop");
	const struct config_service *billing = config_service(config, "billing");

	ck_assert_str_eq(config->database->password->credential, "database-password");
	ck_assert_str_eq(shop->username, "x-access-token");
	ck_assert_int_eq(shop->every_us, 2 * G_TIME_SPAN_MINUTE);
	ck_assert_str_eq(config_git(config, "legacy")->every, "5m");
	ck_assert(config_git(config, "legacy")->allow_file);
	ck_assert_str_eq(config_team(config, "checkout")->time_zone, "Europe/Berlin");
	ck_assert_str_eq(config_service(config, "shop")->time_zone, "Europe/Paris");
	ck_assert_str_eq(billing->time_zone, "America/New_York");
	ck_assert_uint_eq(billing->n_deployments, 2);
	ck_assert_int_eq(billing->deployments[1].from, FROM_HEADS);
	ck_assert_str_eq(billing->deployments[1].branches[0], "deploy/us*");
	ck_assert_str_eq(billing->production[0].environments[1], "production-us");
	ck_assert_int_eq(config_service(config, "gateway")->deployments[0].each,
			 EACH_DAY);
}
END_TEST

/* ---- good files ---- */

static const struct {
	const char *what;
	struct edit edits[EDITS_MAX];
} good_files[] = {
	{ "as it is", { { NULL } } },
	{ "lines end in CR LF", { { "\n  uri", "\r\n  uri" } } },
	{ "a byte order mark",
	  { { "database:", "\xef\xbb\xbf"
			   "database:" } } },
	{ "a document's marks", { { "database:", "---\ndatabase:" } } },
	{ "JSON in YAML",
	  { { "orgs:\n  - name: acme", "\"orgs\": [{\"name\": \"acme\"}]" } } },
	{ "a number as a name",
	  { { "  - name: acme", "  - name: 2024" }, { "org: acme", "org: '2024'" } } },
	{ "a truth value as a name",
	  { { "  - name: acme", "  - name: no" }, { "org: acme", "org: no" } } },
	{ "a version as a pattern",
	  { { "from: tags", "from: tags\n        tags: [1.0]" } } },
	{ "a key=value database",
	  { { "postgresql:///dora", "host=/run/postgresql dbname=dora" } } },
	{ "no reader role", { { "dora\n", "dora\n  reader_role: ''\n" } } },
	{ "nobody is hidden", { { "orgs:", "privacy: {minimum_authors: 0}\norgs:" } } },
	{ "empty sections", { { "orgs:", "privacy: {}\nschedule: {}\norgs:" } } },
	{ "ssh in short",
	  { { "https://git.example.org/shop.git",
	      "git@git.example.org:shop.git\n      ssh_key: {file: /k}\n"
	      "      known_hosts: /h" } } },
	{ "ssh in long",
	  { { "https://git.example.org/shop.git",
	      "ssh://git@git.example.org:2222/shop.git\n"
	      "      ssh_key: {credential: k}\n      known_hosts: /h" } } },
	{ "http to loopback",
	  { { "https://git.example.org", "http://127.0.0.1:8080" } } },
	{ "http to loopback by IPv6",
	  { { "https://git.example.org", "http://[::1]:80" } } },
	{ "a path",
	  { { "https://git.example.org/shop.git",
	      "/srv/my repositories/shop\n      allow_file: true" } } },
	{ "a file url",
	  { { "https://git.example.org/shop.git",
	      "file:///srv/shop.git\n      allow_file: true" } } },
	{ "a file's environment may be in no group",
	  { { "from: tags", "from: file\n        file: a.jsonl\n"
			    "        environment: staging" } } },
	{ "another repository's file",
	  { { "orgs:",
	      "    - {name: ops, url: 'https://git.example.org/ops.git'}\norgs:" },
	    { "from: tags", "from: file\n        file: a.jsonl\n"
			    "        repository: ops" } } },
	{ "an unlisted zone of the old kind",
	  { { "team: checkout", "team: checkout\n    time_zone: EST5EDT" } } },
};

START_TEST(good_file_shows_itself)
{
	g_autofree char *text = edited(good_files[_i].edits);
	_cleanup_(config_unrefp) struct config *config = load_good(text);
	g_autofree char *shown = config_show(config);
	_cleanup_(config_unrefp) struct config *again = load_good(shown);
	g_autofree char *shown_again = config_show(again);

	ck_assert_msg(strcmp(shown, shown_again) == 0, "%s", good_files[_i].what);
}
END_TEST

START_TEST(example_shows_itself)
{
	g_autofree char *text = example_text();
	_cleanup_(config_unrefp) struct config *config = load_good(text);
	g_autofree char *shown = config_show(config);
	_cleanup_(config_unrefp) struct config *again = load_good(shown);
	g_autofree char *shown_again = config_show(again);

	ck_assert_str_eq(shown, shown_again);
	ck_assert_ptr_nonnull(strstr(shown, "minimum_authors: 3\n"));
	ck_assert_ptr_nonnull(strstr(shown, "time_zone: America/New_York\n"));
	/* A later reader of the first one still has it. */
	ck_assert_ptr_eq(config_ref(config), config);
	config_unref(config);
}
END_TEST

/* ---- limits ---- */

static char *repeat(const char *text, gsize n)
{
	GString *all = g_string_new(NULL);

	while (n--)
		g_string_append(all, text);
	return g_string_free(all, FALSE);
}

static char *faults_of(const char *text, gsize n)
{
	g_autoptr(GPtrArray) faults = NULL;

	ck_assert_ptr_null(config_load_text("dorad.yaml", text, n, &faults));
	ck_assert_uint_gt(faults->len, 0);
	return faults_text(faults);
}

static const struct {
	const char *what, *unit;
	gsize n;
	const char *fault;
} limits[] = {
	{ "too big", "# 345678901234567890123456789012\n", 130000,
	  "dorad.yaml: is too big, expected at most 4 MiB" },
	{ "too deep in brackets", "[", 100000,
	  "dorad.yaml:1: the file nests more than 16 deep, expected less" },
	{ "too deep in braces", "{a: ", 100000,
	  "dorad.yaml:1: the file nests more than 16 deep, expected less" },
	{ "too deep in dashes", "- ", 100000,
	  "dorad.yaml:1: the file nests more than 16 deep, expected less" },
	{ "too many values", "- a\n", 600000,
	  "dorad.yaml:500000: the file has more than 500000 values, expected fewer" },
};

START_TEST(limit)
{
	g_autofree char *text = repeat(limits[_i].unit, limits[_i].n);
	g_autofree char *found = faults_of(text, strlen(text));

	ck_assert_str_eq(found, limits[_i].fault);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
	g_autofree char *latin = faults_of("a: b\nname: M\xfcller\n", 17);
	g_autofree char *nul = faults_of("a: b\nname: a\0b\n", 15);
	g_autofree char *wide = faults_of("\xff\xfe"
					  "a\0",
					  4);
	g_autofree char *none = faults_of(NULL, 0);

	ck_assert_str_eq(latin,
			 "dorad.yaml:2: byte 0xfc is not UTF-8, expected text in UTF-8");
	ck_assert_str_eq(nul, "dorad.yaml:2: there is a NUL byte, expected text");
	ck_assert_str_eq(wide, "dorad.yaml:1: there is a NUL byte, expected text");
	ck_assert_str_eq(none, "dorad.yaml: is empty, expected a configuration");
}
END_TEST

START_TEST(faults_are_bounded)
{
	g_autofree char *keys = repeat("x: 1\n", 20000);
	g_autoptr(GPtrArray) faults = NULL;
	const struct config_fault *first;

	ck_assert_ptr_null(config_load_text("dorad.yaml", keys, strlen(keys), &faults));
	ck_assert_uint_eq(faults->len, FAULTS_MAX + 1);
	first = g_ptr_array_index(faults, 0);
	ck_assert_uint_eq(first->line, 1);
	first = g_ptr_array_index(faults, FAULTS_MAX);
	ck_assert_str_eq(first->text,
			 "there are more than 500 faults, the rest is not shown");
}
END_TEST

static const struct {
	const char *text, *nearest;
} nearest[] = {
	{ "time_zone", "time_zone" },
	{ "timezone", "time_zone" },
	{ "tema", "team" },
	{ "naem", "name" },
	{ "colour", NULL },
	{ "", NULL },
	{ "x", NULL },
	{ "nam", "name" },
};

START_TEST(nearest_word)
{
	static const char *const words[] = { "name", "team", "time_zone" };
	const char *found = fault_nearest(nearest[_i].text, words, G_N_ELEMENTS(words));

	ck_assert_pstr_eq(found, nearest[_i].nearest);
}
END_TEST

/* ---- files ---- */

START_TEST(files)
{
	g_autofree char *folder = g_dir_make_tmp("dorad-config-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "dorad.yaml", NULL);
	g_autoptr(GPtrArray) missing = NULL, directory = NULL, fifo = NULL, good = NULL;
	g_autofree char *text = NULL;
	struct config *config;

	ck_assert_ptr_null(config_load(path, &missing));
	text = faults_text(missing);
	ck_assert_str_eq(text, "dorad.yaml: cannot be read: No such file or directory, "
			       "expected a readable file");
	ck_assert_ptr_null(config_load(folder, &directory));
	ck_assert_uint_eq(directory->len, 1);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(config_load(path, &fifo));
	ck_assert_uint_eq(fifo->len, 1);
	unlink(path);
	ck_assert(g_file_set_contents(path, good_text, -1, NULL));
	config = config_load(path, &good);
	ck_assert_ptr_nonnull(config);
	ck_assert_uint_eq(good->len, 0);
	config_unref(config);
	config_unref(NULL);
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(path_of_the_file)
{
	g_unsetenv("DORAD_CONFIG");
	ck_assert_str_eq(config_path(NULL), "/etc/dorad/dorad.yaml");
	g_setenv("DORAD_CONFIG", "", TRUE);
	ck_assert_str_eq(config_path(NULL), "/etc/dorad/dorad.yaml");
	g_setenv("DORAD_CONFIG", "/srv/dorad.yaml", TRUE);
	ck_assert_str_eq(config_path(NULL), "/srv/dorad.yaml");
	ck_assert_str_eq(config_path("mine.yaml"), "mine.yaml");
	g_unsetenv("DORAD_CONFIG");
}
END_TEST

/* ---- spoiled bytes ---- */

#define MUTATIONS 2000

static void mutate(GRand *dice, GString *text)
{
	static const char alphabet[] = " \n\t:-#[]{}&*!|>'\"%@`~,?09azA\\\xc3\x80\xff";

	for (gint edits = g_rand_int_range(dice, 1, 6); edits--;) {
		gint at = g_rand_int_range(dice, 0, (gint)text->len);
		gint n = MIN(30, (gint)text->len - at);
		char byte = alphabet[g_rand_int_range(dice, 0, sizeof(alphabet) - 1)];

		switch (g_rand_int_range(dice, 0, 4)) {
		case 0:
			text->str[at] = (char)(text->str[at] ^
					       (1 << g_rand_int_range(dice, 0, 8)));
			break;
		case 1:
			g_string_insert_c(text, at, byte);
			break;
		case 2:
			g_string_erase(text, at, g_rand_int_range(dice, 0, n) + 1);
			break;
		default:
			text->str[at] = byte;
			break;
		}
	}
}

START_TEST(spoiled_bytes)
{
	g_autofree char *example = example_text();
	g_autoptr(GRand) dice = g_rand_new_with_seed(20260301);
	guint n_good = 0;

	for (guint i = 0; i < MUTATIONS; i++) {
		g_autoptr(GString) text = g_string_new(example);
		_cleanup_(config_unrefp) struct config *config = NULL;
		g_autoptr(GPtrArray) faults = NULL;
		g_autofree char *found = NULL;

		mutate(dice, text);
		config = config_load_text("dorad.yaml", text->str, text->len, &faults);
		ck_assert_msg((config == NULL) == (faults->len > 0), "mutation %u", i);
		n_good += config != NULL;
		found = faults_text(faults);
		ck_assert_msg(g_utf8_validate(found, -1, NULL), "mutation %u", i);
		/* What the walk lets through libcyaml must take. */
		ck_assert_msg(!strstr(found, "cannot be loaded"), "mutation %u: %s", i,
			      found);
		if (config) {
			g_autofree char *shown = config_show(config);
			_cleanup_(config_unrefp) struct config *again = load_good(shown);

			ck_assert_ptr_nonnull(again);
		}
	}
	ck_assert_uint_gt(n_good, 100);
	ck_assert_uint_lt(n_good, MUTATIONS - 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");

	tcase_set_timeout(tests, 0); /* meson's is enough */
	tcase_add_test(tests, defaults_of_a_small_file);
	tcase_add_test(tests, values_of_the_example);
	tcase_add_loop_test(tests, good_file_shows_itself, 0, G_N_ELEMENTS(good_files));
	tcase_add_test(tests, example_shows_itself);
	tcase_add_loop_test(tests, limit, 0, G_N_ELEMENTS(limits));
	tcase_add_test(tests, bytes_that_are_no_text);
	tcase_add_test(tests, faults_are_bounded);
	tcase_add_loop_test(tests, nearest_word, 0, G_N_ELEMENTS(nearest));
	tcase_add_test(tests, files);
	tcase_add_test(tests, path_of_the_file);
	tcase_add_test(tests, spoiled_bytes);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
