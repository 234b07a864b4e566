/*
 * Where metrics/segment.h cuts series, by words from outside (tests/alerts/player.h):
 *
 *   full N VALUE…, light N VALUE…        "nan" is a gap
 *
 * For each, a line: changes=INDEX;…
 */
#include "metrics/segment.h"
#include "tests/alerts/player.h"

int main(void)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	char how[WORD_MAX];

	while (word(how)) {
		gint64 n = whole(0);
		g_autoptr(GArray) changes = NULL;

		g_array_set_size(values, 0);
		for (gint64 i = 0; i < n; i++) {
			double value = real();
			g_array_append_val(values, value);
		}
		changes = segment_changes((const double *)values->data, values->len,
					  strcmp(how, "light") == 0);
		printf("changes=");
		for (guint i = 0; i < changes->len; i++)
			printf("%u;", g_array_index(changes, guint, i));
		printf("\n");
	}
	return 0;
}
