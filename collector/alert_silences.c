#include "collector/alert_judge.h"

struct silence {
	gint32 first, last;
};

struct alert_silences {
	const struct alert_scene *scene;
	GArray *all;	      /* of struct silence, by day */
	GPtrArray *calendars; /* by how many of them are in it; NULL: not made yet */
};

static GArray *find(const struct alert_scene *scene)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct silence));
	const GArray *signs = scene->activity;

	for (guint i = 1; i < signs->len; i++) {
		gint32 before = zone_local_day(scene->zone,
					       g_array_index(signs, gint64, i - 1));
		const struct silence silence = {
			.first = before + 1,
			.last = zone_local_day(scene->zone,
					       g_array_index(signs, gint64, i)) -
				1,
		};

		if (calendar_working_days(scene->calendar, before, silence.last) >=
		    ALERT_SILENT_DAYS)
			g_array_append_val(all, silence);
	}
	return all;
}

struct alert_silences *alert_silences_new(const struct alert_scene *scene)
{
	struct alert_silences *silences = g_new(struct alert_silences, 1);

	*silences = (struct alert_silences){
		.scene = scene,
		.all = find(scene),
		.calendars = g_ptr_array_new(),
	};
	g_ptr_array_set_size(silences->calendars, (gint)silences->all->len + 1);
	return silences;
}

void alert_silences_free(struct alert_silences *silences)
{
	if (!silences)
		return;
	for (guint i = 0; i < silences->calendars->len; i++)
		calendar_unref(silences->calendars->pdata[i]);
	g_ptr_array_unref(silences->calendars);
	g_array_unref(silences->all);
	g_free(silences);
}

static struct calendar *calendar_with(const struct alert_silences *silences, guint n)
{
	struct calendar *calendar = calendar_copy(silences->scene->calendar);

	for (guint i = 0; i < n; i++) {
		const struct silence *silence = &g_array_index(silences->all,
							       struct silence, i);

		calendar_add(calendar, silence->first, silence->last, NULL);
	}
	return calendar;
}

const struct calendar *alert_silences_calendar(struct alert_silences *silences,
					       gint32 day)
{
	guint n = silences->all->len;

	while (n > 0 && g_array_index(silences->all, struct silence, n - 1).last >= day)
		n--;
	if (n == 0)
		return silences->scene->calendar;
	if (!silences->calendars->pdata[n])
		silences->calendars->pdata[n] = calendar_with(silences, n);
	return silences->calendars->pdata[n];
}
