#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "collector/author_key.h"

static struct config_privacy nothing;
static const struct config plain = { .privacy = &nothing };

static char *temporary(void)
{
	char *dir = g_dir_make_tmp("dorad-key-XXXXXX", NULL);

	ck_assert_ptr_nonnull(dir);
	return dir;
}

static void remove_state(const char *top, const char *state)
{
	g_autofree char *path = g_build_filename(state, "author.key", NULL);

	unlink(path);
	ck_assert_int_eq(rmdir(state), 0); /* nothing else is left there */
	if (top)
		rmdir(top);
}

START_TEST(is_made_once)
{
	g_autofree char *top = temporary();
	g_autofree char *state = g_build_filename(top, "dorad", NULL);
	g_autofree char *path = g_build_filename(state, "author.key", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) first = author_key_load(&plain, state, &error);
	g_autoptr(GBytes) second = author_key_load(&plain, state, &error);
	struct stat about;

	ck_assert_msg(first && second, "%s", error ? error->message : "");
	ck_assert_uint_eq(g_bytes_get_size(first), AUTHOR_KEY_SIZE);
	ck_assert(g_bytes_equal(first, second));
	ck_assert_int_eq(stat(path, &about), 0);
	ck_assert_int_eq(about.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(state, &about), 0);
	ck_assert_int_eq(about.st_mode & 0777, 0700);

	/* Another machine has another key. */
	unlink(path);
	g_autoptr(GBytes) third = author_key_load(&plain, state, &error);
	ck_assert(!g_bytes_equal(first, third));
	remove_state(top, state);
}
END_TEST

static const struct {
	const char *what;
	mode_t mode;
	gssize size;
	bool link;
} bad_files[] = {
	{ "others may read it", 0644, AUTHOR_KEY_SIZE, false },
	{ "cut short", 0600, AUTHOR_KEY_SIZE - 1, false },
	{ "empty", 0600, 0, false },
	{ "too long", 0600, AUTHOR_KEY_SIZE + 1, false },
	{ "a symbolic link", 0600, AUTHOR_KEY_SIZE, true },
};

START_TEST(bad_file)
{
	g_autofree char *state = temporary();
	g_autofree char *path = g_build_filename(state, "author.key", NULL);
	g_autofree char *real = g_build_filename(state, "real", NULL);
	g_autoptr(GError) error = NULL;
	char content[AUTHOR_KEY_SIZE + 1] = { 0 };
	const char *file = bad_files[_i].link ? real : path;

	ck_assert(g_file_set_contents(file, content, bad_files[_i].size, NULL));
	ck_assert_int_eq(chmod(file, bad_files[_i].mode), 0);
	if (bad_files[_i].link)
		ck_assert_int_eq(symlink("real", path), 0);
	ck_assert_msg(!author_key_load(&plain, state, &error), "%s", bad_files[_i].what);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message, path));
	unlink(real);
	remove_state(NULL, state);
}
END_TEST

START_TEST(no_place)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(author_key_load(&plain, "/proc/nowhere", &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
}
END_TEST

START_TEST(left_over_draft)
{
	g_autofree char *state = temporary();
	g_autofree char *draft = g_strdup_printf("%s/author.key.%ld", state,
						 (long)getpid());
	g_autoptr(GError) error = NULL;

	ck_assert(g_file_set_contents(draft, "half", 4, NULL));
	g_autoptr(GBytes) key = author_key_load(&plain, state, &error);
	ck_assert_ptr_nonnull(key);
	ck_assert_uint_eq(g_bytes_get_size(key), AUTHOR_KEY_SIZE);
	remove_state(NULL, state);
}
END_TEST

START_TEST(configured)
{
	g_autoptr(GError) error = NULL;
	struct secret_ref ref = { .env = (char *)"DORAD_TEST_AUTHOR_KEY" };
	struct config_privacy privacy = { .author_key = &ref };
	const struct config config = { .privacy = &privacy };

	g_unsetenv("DORAD_TEST_AUTHOR_KEY");
	ck_assert_ptr_null(author_key_load(&config, "/proc/nowhere", &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	g_clear_error(&error);
	g_setenv("DORAD_TEST_AUTHOR_KEY", "a secret", TRUE);
	g_autoptr(GBytes) key = author_key_load(&config, "/proc/nowhere", &error);
	ck_assert_ptr_nonnull(key);
	ck_assert_mem_eq(g_bytes_get_data(key, NULL), "a secret", g_bytes_get_size(key));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("author_key");
	TCase *tests = tcase_create("author_key");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, is_made_once);
	tcase_add_loop_test(tests, bad_file, 0, G_N_ELEMENTS(bad_files));
	tcase_add_test(tests, no_place);
	tcase_add_test(tests, left_over_draft);
	tcase_add_test(tests, configured);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
