#include "collector/service_notify.h"

#include <systemd/sd-daemon.h>

void service_notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void service_notify_reloading(gint64 steady)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, steady);
}

void service_notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void service_notify_status(const char *text)
{
	g_autofree char *line = g_strdup(text);

	/* A newline would begin another assignment. */
	(void)sd_notifyf(0, "STATUS=%s", g_strdelimit(line, "\r\n", ' '));
}

GTimeSpan service_notify_watchdog(void)
{
	guint64 limit = 0;

	if (sd_watchdog_enabled(0, &limit) <= 0 || limit > G_MAXINT64)
		return 0;
	return (GTimeSpan)(limit / 2);
}

void service_notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}
