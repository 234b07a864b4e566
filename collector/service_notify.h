#pragma once

/*
 * What systemd is told (sd_notify). Without a service manager all of this does nothing.
 */
#include <glib.h>
#include <stdbool.h>

void service_notify_ready(void);
void service_notify_reloading(gint64 steady);
void service_notify_stopping(void);
/* "systemctl status" shows it. */
void service_notify_status(const char *text);

/* How often the watchdog wants to hear from us; 0: there is none. */
GTimeSpan service_notify_watchdog(void);
void service_notify_alive(void);
