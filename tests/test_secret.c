#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/secret.h"

static char *dir;

static void setup(void)
{
	dir = g_dir_make_tmp("dorad-secret-XXXXXX", NULL);
	ck_assert_ptr_nonnull(dir);
	g_setenv("CREDENTIALS_DIRECTORY", dir, TRUE);
}

static void teardown(void)
{
	g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		g_remove(path);
	}
	g_rmdir(dir);
	g_free(dir);
	g_unsetenv("CREDENTIALS_DIRECTORY");
}

static const struct {
	const char *what;
	const char *content;
	gssize n; /* -1: strlen(content) */
	int mode;
	const char *secret;  /* NULL: refused */
	const char *message; /* part of it */
} files[] = {
	{ "plain", "hunter2", -1, 0600, "hunter2", NULL },
	{ "trailing newlines go", "hunter2\r\n\n", -1, 0400, "hunter2", NULL },
	{ "inner newlines stay", "a\nb\n", -1, 0600, "a\nb", NULL },
	{ "empty", "", -1, 0600, NULL, "is empty" },
	{ "only a newline", "\n", -1, 0600, NULL, "is empty" },
	{ "NUL byte", "hunter2\0x", 9, 0600, NULL, "contains a NUL byte" },
	{ "group may read", "hunter2", -1, 0640, NULL, "others may read it (mode 0640)" },
	{ "all may read", "hunter2", -1, 0604, NULL, "others may read it (mode 0604)" },
};

START_TEST(reads_files)
{
	g_autofree char *path = g_build_filename(dir, "token", NULL);
	struct secret_ref ref = { .file = path };
	g_autoptr(GError) error = NULL;
	char *secret;

	ck_assert(g_file_set_contents(path, files[_i].content, files[_i].n, NULL));
	ck_assert_int_eq(g_chmod(path, files[_i].mode), 0);
	secret = secret_read(&ref, &error);
	ck_assert_pstr_eq(secret, files[_i].secret);
	if (!secret) {
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
		ck_assert_msg(strstr(error->message, files[_i].message), "%s: %s",
			      files[_i].what, error->message);
		ck_assert_ptr_nonnull(strstr(error->message, path));
		ck_assert_ptr_null(strstr(error->message, "hunter2"));
	}
	secret_free(secret);
}
END_TEST

START_TEST(reads_credentials_and_environment)
{
	g_autofree char *path = g_build_filename(dir, "pg.pass", NULL);
	struct secret_ref credential = { .credential = (char *)"pg.pass" };
	struct secret_ref variable = { .env = (char *)"DORAD_TEST_SECRET" };
	g_autoptr(GError) error = NULL;
	g_autofree char *where = NULL;
	char *secret;

	/* systemd's own mode for credentials is 0440 with an ACL: not ours to judge */
	ck_assert(g_file_set_contents(path, "s3\n", -1, NULL));
	ck_assert_int_eq(g_chmod(path, 0440), 0);
	secret = secret_read(&credential, NULL);
	ck_assert_str_eq(secret, "s3");
	secret_free(secret);
	where = secret_path(&credential, NULL);
	ck_assert_str_eq(where, path);

	g_setenv("DORAD_TEST_SECRET", "s4", TRUE);
	secret = secret_read(&variable, NULL);
	ck_assert_str_eq(secret, "s4");
	secret_free(secret);
	g_unsetenv("DORAD_TEST_SECRET");
	ck_assert_ptr_null(secret_read(&variable, &error));
	ck_assert_str_eq(error->message,
			 "environment variable DORAD_TEST_SECRET is not set");
	g_clear_error(&error);
	ck_assert_ptr_null(secret_path(&variable, &error));
	g_clear_error(&error);

	g_unsetenv("CREDENTIALS_DIRECTORY");
	ck_assert_ptr_null(secret_read(&credential, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "LoadCredential=pg.pass:"));
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
	struct secret_ref ref = { .file = dir };
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(secret_read(&ref, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "not a regular file"));
	g_clear_error(&error);
	ref.file = (char *)"/nonexistent/token";
	ck_assert_ptr_null(secret_read(&ref, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "No such file"));
	secret_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tests = tcase_create("secret");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, reads_files, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, reads_credentials_and_environment);
	tcase_add_test(tests, refuses_what_is_no_file);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
