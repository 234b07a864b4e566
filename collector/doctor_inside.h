#pragma once

/* One source under examination. Internal to doctor_*.c. */
#include "collector/doctor.h"
#include "drivers/item.h"

struct patient {
	const struct doctor_options *options;
	const struct config_source *source;
	GPtrArray *items;   /* of struct item: what polls would store */
	GHashTable *by_key; /* the same */
	guint n_wrong;
};

/* A copy of an item is kept; the last telling of a thing is the one that counts. */
void patient_keep(struct patient *patient, const struct item *item);
/* A line of its own: what fails, why, and what to do. */
void patient_wrong(struct patient *patient, const char *what, const GError *error);
/* "4 runs and 12 jobs" in items that came after the first n; "nothing". The caller
 * frees. */
char *patient_counts(const struct patient *patient, guint n);

void doctor_api(struct patient *patient);
void doctor_sql(struct patient *patient);
void doctor_push(struct patient *patient);
void doctor_kpi(struct patient *patient);
